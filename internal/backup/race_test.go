//go:build race

package backup

// raceDetector reports whether the race detector is enabled. It slows down some code more than other
// code.
const raceDetector = true
