//go:build race

package actor

// handOver publishes, before a callback, what the consumer has written: see
// abandon.
func (c *cell) handOver() { c.taken.Store(c.taken.Load()) }
