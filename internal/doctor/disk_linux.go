package doctor

import "syscall"

// diskKinds are the magic numbers of statfs(2) for file systems that matter. All others are local.
var diskKinds = map[uint32]string{
	0x6969: "nfs", 0x517B: "smb", 0xFF534D42: "smb", 0xFE534D42: "smb", 0x01021997: "9p", 0x00C36400: "ceph", 0x5346414F: "afs",
	0x65735546: "fuse", 0x01021994: "tmpfs", 0x858458F6: "tmpfs", 0x794C7630: "overlay",
}

func diskOf(path string) disk {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return disk{}
	}
	kind, known := diskKinds[uint32(s.Type)]
	if !known {
		kind = "a local disk"
	}
	return disk{kind: kind, free: s.Bavail * uint64(s.Bsize)}
}
