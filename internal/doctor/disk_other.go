//go:build !linux

package doctor

// diskOf returns nothing on systems other than Linux.
func diskOf(string) disk { return disk{} }
