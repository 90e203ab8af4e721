//go:build !race

package actor

// handOver is for race builds; see abandon.
func (c *cell) handOver() {}
