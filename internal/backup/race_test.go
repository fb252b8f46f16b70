//go:build race

package backup

// raceDetector is true where the race detector slows some code more than other code.
const raceDetector = true
