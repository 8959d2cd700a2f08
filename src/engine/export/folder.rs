//! The folder of an export while it is written: each file is digested on its way, and the last lists them all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::table::{Rows, Table};
use super::{Failed, Step, package, told};
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::Engine;
use crate::engine::ports::manifest::{Digests, Listed, MANIFEST, Manifest};
use crate::engine::ports::proof::ExportSigner;

/// A file of the folder while it is written.
pub(super) struct File {
    path: String,
    out: BufWriter<fs::File>,
    digests: Digests,
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digests.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An export that is being written into a folder, a part after the other, [`Self::seal`] last.
pub(super) struct Folder {
    pub(super) engine: Engine,
    pub(super) person: PersonId,
    pub(super) observations: u64,
    signer: Arc<ExportSigner>,
    now: Instant,
    folder: PathBuf,
    files: Vec<Listed>,
    /// The description of each table.
    described: Vec<serde_json::Value>,
}

/// What became of the originals.
#[derive(Default)]
pub(super) struct GivenBack {
    /// How many are there.
    pub(super) originals: usize,
    /// Those that could not be read, each with why.
    pub(super) unreadable: Vec<String>,
}

impl Folder {
    /// Begins an export into an empty folder.
    pub(super) fn begin(
        engine: &Engine,
        folder: &Path,
        person: PersonId,
        signer: Arc<ExportSigner>,
        now: Instant,
    ) -> Self {
        let (files, described) = (Vec::new(), Vec::new());
        Self {
            engine: engine.clone(),
            person,
            observations: 0,
            signer,
            now,
            folder: folder.to_owned(),
            files,
            described,
        }
    }

    /// Begins a file.
    pub(super) fn file(&self, path: &str) -> io::Result<File> {
        let target = self.folder.join(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let out = BufWriter::new(fs::File::create_new(target)?);
        Ok(File { path: path.to_owned(), out, digests: Digests::default() })
    }

    /// Ends a file: it is on the disk, and listed.
    pub(super) fn end(&mut self, file: File) -> Result<(), Failed> {
        let File { path, out, digests } = file;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        self.files.push(digests.listed(path, true));
        Ok(())
    }

    /// Begins a table.
    pub(super) fn table(&self, table: &Table) -> io::Result<Rows<File>> {
        table.begin(self.file(&table.path())?)
    }

    /// Ends a table.
    pub(super) fn end_table(&mut self, table: &Table, rows: Rows<File>) -> Result<(), Failed> {
        self.end(rows.end()?)?;
        if let Some(listed) = self.files.last() {
            self.described.push(table.described(&listed.sha256, listed.bytes));
        }
        Ok(())
    }

    /// Writes a file that is at hand.
    ///
    /// # Errors
    /// When the disk does not take it, or there is one of that name.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failed> {
        let mut file = self.file(path)?;
        file.write_all(bytes)?;
        self.end(file)
    }

    /// Writes the log of the person with its proof, and the tables of what stands in it alone. Gives the number of events.
    ///
    /// # Errors
    /// When the log does not answer or the disk does not take it.
    pub(super) async fn events(&mut self, progress: &(dyn Fn(Step, u64) + Sync)) -> Result<u64, Failed> {
        let mut export = self.engine.export(self.person, Arc::clone(&self.signer), self.now).await?;
        let mut file = self.file("events.ndjson")?;
        let mut tables = told::OfEvents::begin(self)?;
        loop {
            let (lines, events) = export.next_with_events().await?;
            if lines.is_empty() {
                break;
            }
            file.write_all(&lines)?;
            for event in &events {
                tables.take(event)?;
                progress(Step::Events { of: export.events() }, event.revision + 1);
            }
        }
        self.end(file)?;
        tables.end(self)?;
        Ok(export.events())
    }

    /// Writes the originals of the files that were taken, as they came.
    ///
    /// # Errors
    /// When the read models do not answer or the disk does not take it. One that was lost or changed is no error: it must
    /// not keep back everything else.
    pub(super) async fn originals(&mut self) -> Result<GivenBack, Failed> {
        let taken = self.engine.state(self.person).await?.files;
        let mut given_back = GivenBack::default();
        fs::create_dir_all(self.folder.join("originals"))?;
        for (digest, name) in originals(&taken) {
            // A name is its sender's word: whatever would break a line of a list is no part of it.
            let name: String = name.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
            let path = format!("originals/{}-{name}", &digest[..8.min(digest.len())]);
            let target = self.folder.join(&path);
            match self.engine.originals.give_back(self.person, digest, &target).await {
                Ok(()) => {
                    self.files.push(Digests::of(fs::File::open(target)?)?.listed(path, false));
                    given_back.originals += 1;
                }
                Err(error) => given_back.unreadable.push(format!("{name}: {error}")),
            }
        }
        Ok(given_back)
    }

    /// Writes what describes the folder, and signs the list of its files.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn seal(mut self) -> Result<(), Failed> {
        let described = std::mem::take(&mut self.described);
        self.put("datapackage.json", &package::described(self.person, self.now, &described))?;
        self.put("events.schema.json", &package::events_schema())?;
        self.put("README.md", package::READ_ME.as_bytes())?;
        let at = self.now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let manifest = Manifest::sign(self.person.stream(), at, std::mem::take(&mut self.files), &self.signer);
        let mut out = BufWriter::new(fs::File::create_new(self.folder.join(MANIFEST))?);
        serde_json::to_writer_pretty(&mut out, &manifest).map_err(io::Error::from)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(fs::File::open(&self.folder)?.sync_all()?)
    }
}

/// The digest and the name of each original, from the keys of the files that were taken.
fn originals(files: &BTreeSet<String>) -> BTreeMap<&str, &str> {
    let named = files.iter().filter_map(|key| key.split_once('/')).filter(|(digest, _)| !digest.is_empty());
    named.map(|(digest, part)| (digest, part.split('/').next().unwrap_or(part))).collect()
}
