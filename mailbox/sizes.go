//go:build !interleave

package mailbox

const (
	batchSize   = 128  // nodes that move between a Cache and its Pool in one step
	poolBatches = 1024 // batches that a Pool holds at most
)
