//go:build race

package picture

// raceDetector is true where the race detector slows some code more than other code.
const raceDetector = true
