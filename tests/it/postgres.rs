//! A PostgreSQL for the tests: the one `DATABASE_URL` names, or a throwaway cluster started for this test process.
//!
//! The cluster runs as an ordinary user in a temporary folder with flushing on. A small shell stands beside it and waits
//! on a pipe from the test process; when the process ends, however it ends, the pipe closes, and the shell stops the
//! cluster and removes the folder.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;

static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A server that answers; one that was started here ends with this.
pub(crate) struct Server {
    pub(crate) url: String,
    _guard: Option<Child>,
}

/// Makes an empty database and returns its URL; `None` when there is no PostgreSQL here.
pub(crate) async fn fresh_database() -> Option<String> {
    let server = SERVER.get_or_init(find).await.as_ref()?;
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("candor_test_{}_{number}", std::process::id());
    run(&server.url, format!("CREATE DATABASE {name}")).await;
    let (base, query) = server.url.split_once('?').unwrap_or((&server.url, ""));
    let (base, _) = base.rsplit_once('/').expect("a database in the URL");
    Some(if query.is_empty() { format!("{base}/{name}") } else { format!("{base}/{name}?{query}") })
}

/// Removes a database that [`fresh_database`] made.
pub(crate) async fn drop_database(url: &str) {
    if let Some(Some(server)) = SERVER.get() {
        let name = url.split('?').next().and_then(|url| url.rsplit('/').next()).expect("a name");
        run(&server.url, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
}

pub(crate) async fn run(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("the server answers");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the statement runs");
    connection.close().await.expect("the connection closes");
}

async fn find() -> Option<Server> {
    if let Ok(url) = std::env::var("DATABASE_URL")
        && url.starts_with("postgres")
    {
        return Some(Server { url, _guard: None });
    }
    let Some(programs) = programs() else {
        assert!(
            std::env::var("CANDOR_REQUIRE_POSTGRES").as_deref() != Ok("1"),
            "CANDOR_REQUIRE_POSTGRES=1, but there is no DATABASE_URL and no PostgreSQL on this machine"
        );
        // Straight to the stream: the test harness would keep a printed line to itself.
        let line = b"note: no PostgreSQL on this machine, the PostgreSQL half of the tests was skipped\n";
        let _ = std::io::stderr().write_all(line);
        return None;
    };
    Some(start(&programs, "").await.0)
}

/// The folder with the newest server programs.
pub(crate) fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version = folder.file_name()?.to_str()?.parse().ok()?;
            Some((version, folder.join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

const GUARD: &str = r#"
trap '' INT
set -e
umask 077
mkdir "$FOLDER"
"$BIN/initdb" -D "$FOLDER/data" -A trust -U candor -N -E UTF8 --locale=C >"$FOLDER/log" 2>&1
"$BIN/postgres" -D "$FOLDER/data" -k "$FOLDER" -p "$PORT" \
    -c listen_addresses=127.0.0.1 -c fsync=on -c max_connections=300 >>"$FOLDER/log" 2>&1 </dev/null &
server=$!
read -r line || true
kill -INT "$server" || true
wait "$server" || true
rm -rf "$FOLDER"
"#;

/// Starts a server, and says in which folder all of it lies; the name tells it from others of this process.
pub(crate) async fn start(bin: &Path, name: &str) -> (Server, PathBuf) {
    let folder = std::env::temp_dir().join(format!("candor-postgres-{}{name}", std::process::id()));
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let mut command = if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        let (user, group) = ordinary_user();
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).args([
            "--clear-groups",
            "sh",
            "-c",
            GUARD,
        ]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]);
        command
    };
    let guard = command
        .env("FOLDER", &folder)
        .env("BIN", bin)
        .env("PORT", port.to_string())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the cluster starts");
    let url = format!("postgres://candor@127.0.0.1:{port}/postgres");
    for _ in 0..600 {
        if let Ok(connection) = PgConnection::connect(&url).await {
            connection.close().await.expect("the connection closes");
            return (Server { url, _guard: Some(guard) }, folder);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the throwaway PostgreSQL did not answer within a minute");
}

/// The user and group numbers of `postgres`, otherwise of `nobody`.
fn ordinary_user() -> (String, String) {
    let users = std::fs::read_to_string("/etc/passwd").expect("a list of users");
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
        })
        .expect("an ordinary user to run PostgreSQL as")
}
