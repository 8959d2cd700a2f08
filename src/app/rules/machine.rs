//! The machine: room on the disk, open files, and no memory written to a disk in clear.

use super::Fault;
use super::facts::Facts;

const LEAST_FREE_PERCENT: u64 = 10;
const FEWEST_FILES: u64 = 4096;

pub(super) fn check(facts: &Facts) -> Vec<Fault> {
    let disk = match facts.disk_free_percent {
        Some(percent) if percent >= LEAST_FREE_PERCENT => None,
        Some(percent) => {
            let what = format!("{percent} % of its disk is free, and {LEAST_FREE_PERCENT} % are needed");
            Some(Fault::new("CANDOR_DATA_DIR", what, "make room, or move the folder to a larger disk"))
        }
        None => Some(unknown("CANDOR_DATA_DIR", "how much of its disk is free")),
    };
    let files = match facts.open_files {
        Some(files) if files >= FEWEST_FILES => None,
        Some(files) => {
            let what = format!("{files} files may be open, and {FEWEST_FILES} are needed");
            Some(Fault::new(
                "LimitNOFILE",
                what,
                "set LimitNOFILE=65536 in the unit, or `ulimit -n 65536` before the start",
            ))
        }
        None => Some(unknown("LimitNOFILE", "how many files may be open")),
    };
    let core = match facts.core_bytes {
        Some(0) => None,
        Some(_) => Some(Fault::new(
            "LimitCORE",
            "a crash would write keys and data to a file in clear",
            "set LimitCORE=0 in the unit, or `ulimit -c 0` before the start",
        )),
        None => Some(unknown("LimitCORE", "whether a crash writes the memory to a file")),
    };
    [disk, files, core].into_iter().flatten().collect()
}

fn unknown(setting: &'static str, what: &str) -> Fault {
    Fault::new(setting, format!("{what} is not known on this system"), "run a server on Linux")
}
