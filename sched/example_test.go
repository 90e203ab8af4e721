package sched_test

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/sched"
)

// A counter counts what is sent to it from anywhere, one at a time, without a
// lock around what it counts: at most one worker runs it.
type counter struct {
	sched.Task

	pending atomic.Int64 // sent and not counted yet
	total   int
	wanted  int
	done    chan struct{}
}

// Add sends one. Only who makes pending positive submits the task, so that it
// is never submitted twice at a time.
func (c *counter) Add(s *sched.Scheduler) {
	if c.pending.Add(1) == 1 {
		s.Submit(&c.Task)
	}
}

// Turn counts what is there. It says that there is more when somebody has sent
// since, who then has not submitted the task.
func (c *counter) Turn(*sched.Carrier) (again bool) {
	n := c.pending.Load()
	c.total += int(n)
	if c.total == c.wanted {
		close(c.done)
	}
	return c.pending.Add(-n) > 0
}

func (c *counter) Crashed(_ *sched.Carrier, value any, _ []byte) bool { panic(value) }

func Example() {
	s, err := sched.New(sched.Config{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := &counter{wanted: 4000, done: make(chan struct{})}
	c.Runner = c

	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for range 1000 {
				c.Add(s)
			}
		})
	}
	senders.Wait()
	<-c.done
	<-s.Close()
	fmt.Println(c.total)
	// Output: 4000
}
