package actortest

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

// patience is how long a step may take in real time.
const patience = 30 * time.Second

// watch sees to it that d gets on, in real time: a step that does not come to an
// end is a strand that spins, or that waits for a sync.Mutex which another one
// holds while it stands. Neither can be undone from outside, so the process ends,
// with the stacks. In a bubble there is no real time, and nobody watches.
func watch(d *sim) (end func()) {
	if inBubble() {
		return func() {}
	}
	watched.Lock()
	defer watched.Unlock()
	watched.sims[d] = progress{}
	if len(watched.sims) == 1 {
		watched.stop = make(chan struct{})
		go look(watched.stop)
	}
	return func() {
		watched.Lock()
		defer watched.Unlock()
		delete(watched.sims, d)
		if len(watched.sims) == 0 {
			close(watched.stop)
		}
	}
}

var watched = struct {
	sync.Mutex

	sims map[*sim]progress
	stop chan struct{}
}{sims: map[*sim]progress{}}

// progress is how far a run had come, and when it came so far.
type progress struct {
	beats int64
	since time.Time
}

func look(stop <-chan struct{}) {
	tick := time.NewTicker(patience / 10)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			watched.Lock()
			for d, p := range watched.sims {
				switch beats := d.beats.Load(); {
				case p.since.IsZero() || beats != p.beats:
					watched.sims[d] = progress{beats, now}
				case now.Sub(p.since) > patience:
					give(d)
				}
			}
			watched.Unlock()
		}
	}
}

// give gives up.
func give(d *sim) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	fmt.Fprintf(os.Stderr, "actortest: a step does not come to an end after %v: a callback spins, or waits for a "+
		"sync.Mutex that another one holds while it calls into the library (step %d)\n\n%s\n", patience, d.beats.Load(), stacks)
	os.Exit(2)
}
