//! Whether a folder lies on a network file system.

use std::path::Path;

/// File systems on which SQLite's locks and shared memory cannot be relied on.
const NETWORK: [&str; 20] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "fuse.ceph",
    "coda",
    "gfs2",
    "glusterfs",
    "fuse.glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "ocfs2",
    "fuse.sshfs",
    "fuse.rclone",
];

/// The type of the network file system that holds `folder` (absolute, links resolved), or nothing for a local one
/// or where the system does not tell.
pub(crate) fn network_type(folder: &Path) -> Option<String> {
    network_type_in(&std::fs::read_to_string("/proc/self/mounts").ok()?, folder)
}

fn network_type_in(mounts: &str, folder: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((unescape(fields.next()?), fields.next()?))
        })
        .filter(|(mount, _)| folder.starts_with(mount))
        // Of equal ones the later hides the earlier; max_by_key keeps the last.
        .max_by_key(|(mount, _)| Path::new(mount).components().count())
        .filter(|(_, kind)| NETWORK.contains(kind))
        .map(|(_, kind)| kind.to_owned())
}

/// Undoes the octal escapes of spaces, tabs, newlines and backslashes.
fn unescape(field: &str) -> String {
    let mut out = field.to_owned();
    for (code, plain) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        out = out.replace(code, plain);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides() {
        let mounts = "/dev/vda / ext4 rw 0 0\nhost:/home /home nfs4 rw 0 0\n/dev/vdb /home/me/fast\\040disk xfs rw 0 0\n";
        let kind = |p: &str| network_type_in(mounts, Path::new(p));
        assert_eq!(kind("/srv/.diptych"), None);
        assert_eq!(kind("/home/me/.diptych"), Some("nfs4".into()));
        assert_eq!(kind("/homework"), None);
        assert_eq!(kind("/home/me/fast disk/.diptych"), None);
    }
}
