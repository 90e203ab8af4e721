package sched

import (
	"sync/atomic"

	"github.com/ractor-go/ractor/internal/weave"
)

// WorkerStats is what one worker has done so far, exact when it parked last
// and otherwise at most one monitor tick old, or as old as the callback that
// it is in.
type WorkerStats struct {
	ID       int    `json:"id"`
	Turns    uint64 `json:"turns"`    // turns of tasks
	Messages uint64 `json:"messages"` // messages that turns have counted
	Steals   uint64 `json:"steals"`   // batches taken from other workers
	Parks    uint64 `json:"parks"`    // times it went to sleep for want of work
	Stalls   uint64 `json:"stalls"`   // callbacks that were found stuck
	Queue    int    `json:"queue"`    // tasks in its run queue now
	Parked   bool   `json:"parked"`
	Stuck    bool   `json:"stuck"`
}

// Stats is the state of a scheduler.
type Stats struct {
	Workers  []WorkerStats `json:"workers"`  // those there are now, spares included
	Departed WorkerStats   `json:"departed"` // the sum over the spares that have left, and the messages of turns that waited in Block
	Global   int           `json:"global"`   // tasks in the global queue, about
	Spares   uint64        `json:"spares"`   // spares ever started
	Waiters  int64         `json:"waiters"`  // tasks in Block now
	Async    int64         `json:"async"`    // functions given to Async that have not ended
	Timers   int           `json:"timers"`   // armed timers
	Fenced   int64         `json:"fenced"`   // carriers ever written off
}

// counts is what a worker publishes for others to read.
type counts struct {
	turns, messages, steals, parks atomic.Uint64
	stalls                         atomic.Uint64
	stuck                          weave.Bool
	stuckSince                     atomic.Int64
}

func (w *Worker) publish() {
	w.counts.turns.Store(w.turns)
	w.counts.messages.Store(w.messages)
	w.counts.steals.Store(w.steals)
	w.counts.parks.Store(w.parks)
}

func (c *counts) add(o *counts) {
	c.turns.Add(o.turns.Load())
	c.messages.Add(o.messages.Load())
	c.steals.Add(o.steals.Load())
	c.parks.Add(o.parks.Load())
	c.stalls.Add(o.stalls.Load())
}

func (c *counts) stats() WorkerStats {
	return WorkerStats{
		Turns:    c.turns.Load(),
		Messages: c.messages.Load(),
		Steals:   c.steals.Load(),
		Parks:    c.parks.Load(),
		Stalls:   c.stalls.Load(),
	}
}

// Stats reads the counters; any goroutine may call it at any time.
func (s *Scheduler) Stats() Stats {
	s.mu.Lock()
	workers := *s.workers.Load()
	departed := s.departed.stats()
	s.mu.Unlock()
	st := Stats{
		Departed: departed,
		Global:   s.global.len(),
		Spares:   s.spares.Load(),
		Waiters:  s.waiters.Load(),
		Async:    s.offload.running.Load(),
		Timers:   s.clock.len(),
		Fenced:   s.fences.Load(),
	}
	for _, w := range workers {
		ws := w.counts.stats()
		ws.ID, ws.Queue, ws.Parked, ws.Stuck = w.id, w.len(), w.resting.Load(), w.stuck()
		st.Workers = append(st.Workers, ws)
	}
	return st
}
