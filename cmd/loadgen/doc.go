// Command loadgen puts a load on the actors and says how they bore it.
//
// With no arguments it runs every scenario at a modest size, in under a
// minute on two cores, and prints a table:
//
//	go run ./cmd/loadgen
//	go run ./cmd/loadgen list
//	go run ./cmd/loadgen run pingpong ring --baseline --runs 5
//
// A scenario (see list) is one kind of work, in one or more variants. Each
// checks its own work: every message is accounted for and every sum is right,
// or the exit code is 1. Bad usage is 2.
//
// With --baseline the same work is done by goroutines with buffered channels
// too, written by hand for each scenario; the runs of both alternate, and the
// ratio is that of their medians: under 1 the actors are faster. What nobody
// would build of goroutines, such as a tree of supervisors, has no baseline.
//
// Two variants of the scenario remote, rust-cast32 and rust-call, are towards a
// node of ractor's own: the program in cluster/interop/peer. They find it by
// the environment variable RACTOR_PEER; where that is not set they are not run,
// and their rows say so:
//
//	cargo build --release --manifest-path cluster/interop/peer/Cargo.toml --target-dir /tmp/peer
//	RACTOR_PEER=/tmp/peer/release/peer go run ./cmd/loadgen run remote/rust-cast32 remote/rust-call
//
// loadgen soak does everything at once for a long time, with kills, panics and
// handlers that hang, and then looks whether any message, call, job, actor,
// goroutine or byte was lost or left behind.
//
// loadgen run remote starts a second process and sends to it, as one node of a
// cluster to another, over loopback, with --tls encrypted. Its baseline is the
// bare connection between two processes. loadgen node is such a second process by
// itself: it prints its address, takes part in a cluster and answers until it is
// interrupted.
//
// # How the files go together
//
// cli.go reads the command line and config.go the configuration file. A
// scenario (scenario.go) is a name, sizes and variants; each family has a file
// of its own that holds our side and the baseline's. (Those of the packages
// supervisor, pg and factory are made by trees, groups and factories: their own
// names are taken by the imports.) A trial (trial.go) is one run of one side: it
// makes the System, measures, and keeps the accounts. bench.go has the trials
// run in turn and makes one row of them; table.go and row.go print it. soak.go
// runs the parts of a soak, each in a file of its own (soak_part.go says how to
// add one); soak_audit.go books dead letters, soak_heap.go has the rule by which
// a heap grows, soak_report.go prints. remote.go sends to another process (peer.go),
// which is a node (node.go) with the actors of depot.go, or, for the baseline,
// what loopback.go makes it; keys.go makes the keys of TLS.
package main
