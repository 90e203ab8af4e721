//go:build interleave

package mailbox

// So small that a few steps come to every boundary.
const (
	batchSize   = 2
	poolBatches = 2
)
