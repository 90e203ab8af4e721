//go:build race

package meet

// Share is what to divide a number of meetings by: the race detector makes each
// many times slower.
const Share = 20
