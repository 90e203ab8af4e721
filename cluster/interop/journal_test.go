//go:build interop

package interop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait of these tests. Nothing takes that long unless it never
// comes.
const patience = 20 * time.Second

// A journal is what has happened at a node, in order, for a test to wait for.
type journal struct {
	mu     *sync.Mutex
	events []event       // that nobody has taken yet
	all    []event       // for the story
	more   chan struct{} // closed when an event has come
	ended  bool
}

// An event is one thing that has happened.
type event struct {
	word  string
	keys  map[string]string
	value any // of a Go node's
}

func newJournal() journal { return journal{mu: new(sync.Mutex), more: make(chan struct{})} }

// add enters an event.
func (j *journal) add(e event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, e)
	j.events = append(j.events, e)
	j.wake()
}

// end says that no more will come.
func (j *journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	j.wake()
}

// wake is called with mu held.
func (j *journal) wake() {
	close(j.more)
	j.more = make(chan struct{})
}

// take waits for, and takes out, the first event that has this word and these
// key=value pairs. Others may have come before it: what is passed over stays.
func (j *journal) take(t testing.TB, word string, pairs ...string) event {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		j.mu.Lock()
		at := slices.IndexFunc(j.events, func(e event) bool { return e.is(word, pairs) })
		if at >= 0 {
			found := j.events[at]
			j.events = slices.Delete(j.events, at, at+1)
			j.mu.Unlock()
			return found
		}
		more, ended := j.more, j.ended
		j.mu.Unlock()
		if ended {
			require.FailNow(t, "the node has ended", "while waiting for %s %v", word, pairs)
		}
		select {
		case <-more:
		case <-late.C:
			require.FailNow(t, "the node is silent", "waiting for %s %v", word, pairs)
		}
	}
}

// has says whether such an event has come and was not taken.
func (j *journal) has(word string, pairs ...string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.events, func(e event) bool { return e.is(word, pairs) })
}

// story is all that has come, a line each.
func (j *journal) story() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines strings.Builder
	for _, e := range j.all {
		fmt.Fprintln(&lines, e)
	}
	return lines.String()
}

func (e event) is(word string, pairs []string) bool {
	return e.word == word && !slices.ContainsFunc(pairs, func(pair string) bool {
		key, want, _ := strings.Cut(pair, "=")
		got, ok := e.keys[key]
		return !ok || got != want
	})
}

func (e event) String() string {
	if e.value == nil {
		return fmt.Sprint(e.word, " ", e.keys)
	}
	return fmt.Sprint(e.word, " ", e.keys, " ", e.value)
}
