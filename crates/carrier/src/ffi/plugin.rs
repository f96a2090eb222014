//! A technology in a library of its own as libham sees it: where the library is, and whether it fits.

use super::foreign::Foreign;
use super::{ABI, ENTRY, Entry, Table, host};
use crate::Carrier;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A technology that is opened. It stays so as long as the process lives.
pub struct Plugin {
    table: &'static Table,
}

/// Why it cannot be opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// `ELIBACC`: it is not there; `ELIBBAD`: it does not fit.
    pub errno: i32,
    /// Which file was sought where, and what can be done.
    pub text: String,
}

impl Plugin {
    /// Opens `libham-TECHNOLOGY.so.1`: the one beside the library that this code is in, or in a folder of Cargo's
    /// `libham_TECHNOLOGY.so` there; else whichever the loader finds. A program that this code is a part of has none beside it.
    ///
    /// `is_group_name` is true for the Group Name of one group, in normal form.
    pub fn open(technology: &str, is_group_name: fn(&str) -> bool) -> Result<Plugin, Refused> {
        let names = [format!("libham-{technology}.so.1"), format!("libham_{technology}.so")];
        if is_in_program(libc::dlopen as *const () as usize) {
            let why = "a program that has libc in itself (-static) can open no library";
            return Err(Refused { errno: libc::ELIBACC, text: format!("technology {technology}: {why}") });
        }
        let beside = own_folder().map(|folder| names.each_ref().map(|name| folder.join(name)));
        let file = beside.iter().flatten().find(|file| file.exists());
        let library = match file {
            Some(file) => load(file.as_os_str()).map_err(|why| unfit(&why))?,
            None => load(OsStr::new(&names[0])).map_err(|why| missing(technology, beside.as_ref(), &why))?,
        };
        // SAFETY: the contract names the type of the function of this name.
        let entry: Result<Symbol<Entry>, _> = unsafe { library.get(ENTRY) };
        let of = || file.map_or(names[0].clone(), |file| file.display().to_string());
        let entry = entry.map_err(|_| unfit(&format!("{}: it is no technology of libham's", of())))?;
        // SAFETY: as the contract has it; its table lives as long as the library, which is never closed.
        let table = unsafe { fitting(entry()) }.map_err(|why| unfit(&format!("{}: {why}", of())))?;
        // SAFETY: the same.
        if unsafe { table.name.text() } != Some(technology) {
            return Err(unfit(&format!("{}: it is not the technology {technology}", of())));
        }
        std::mem::forget(library);
        // SAFETY: the host lives as long as the process.
        unsafe { (table.start)(host::of_libham(is_group_name)) };
        Ok(Plugin { table })
    }

    /// Opens the carrier of this name, of the settings of its section. The error says what is wrong with them.
    pub fn carrier(&self, name: &str, settings: &[(&str, &str)]) -> Result<Box<dyn Carrier>, String> {
        Ok(Box::new(Foreign::open(self.table, name, settings)?))
    }
}

fn load(file: &OsStr) -> Result<Library, String> {
    // SAFETY: it is the library of a technology, whose constructors do nothing but what those of Rust do.
    unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) }.map_err(|e| {
        let why = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
        if why.contains(&*file.to_string_lossy()) {
            why
        } else {
            format!("{}: {why}", file.to_string_lossy())
        }
    })
}

fn unfit(why: &str) -> Refused {
    Refused { errno: libc::ELIBBAD, text: format!("{why}; install the one that belongs to this libham") }
}

fn missing(technology: &str, beside: Option<&[PathBuf; 2]>, why: &str) -> Refused {
    let folder = beside.and_then(|[file, _]| file.parent());
    let looked = folder.map_or(String::new(), |folder| format!("not in {}, and ", folder.display()));
    let text = format!("{looked}{why}; install technology {technology}, or build it (make {technology})");
    Refused { errno: libc::ELIBACC, text }
}

/// The table, if it is of this `ABI`.
///
/// # Safety
/// It begins as every table does, and a table of this number is one as it stands here, for as long as the process lives.
pub(super) unsafe fn fitting(table: *const Table) -> Result<&'static Table, String> {
    if table.is_null() {
        return Err("it gives no table".into());
    }
    // SAFETY: every table begins so.
    let (size, abi) = unsafe { ((&raw const (*table).size).read(), (&raw const (*table).abi).read()) };
    if abi != ABI || (size as usize) < size_of::<Table>() {
        return Err(format!("it is made for carrier ABI {abi}, and this libham has {ABI}"));
    }
    // SAFETY: it is a table as it stands here.
    Ok(unsafe { &*table })
}

/// The folder of the library that this code is in; none when that is the program, whose folder can be anybody's. The kernel's
/// own word for it: what the loader says of it can be relative to a folder that the process has left.
fn own_folder() -> Option<PathBuf> {
    let own = own_folder as *const () as usize;
    let file = mapped_at(own).filter(|_| !is_in_program(own))?;
    file.parent().map(Path::to_owned)
}

fn is_in_program(address: usize) -> bool {
    mapped_at(address)
        .is_some_and(|file| fs::read_link("/proc/self/exe").is_ok_and(|program| program == file))
}

/// The file that is mapped at an address.
fn mapped_at(address: usize) -> Option<PathBuf> {
    let maps = fs::read("/proc/self/maps").ok()?;
    let at = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let (begin, end) = text.split_once(' ')?.0.split_once('-')?;
        let number = |digits| usize::from_str_radix(digits, 16).ok();
        (number(begin)?..number(end)?).contains(&address).then_some(())?;
        let path = line.iter().position(|byte| *byte == b'/')?;
        Some(PathBuf::from(OsStr::from_bytes(&line[path..])))
    };
    maps.split(|byte| *byte == b'\n').find_map(at)
}
