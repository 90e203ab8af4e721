package pg

import (
	"context"
	"errors"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// news are the monitors that the calling goroutine has to deliver to, once it
// has released its locks.
type news struct {
	first [4]*monitor
	rest  []*monitor
	n     int
}

// put queues ev at m, in the order of the calls; a lock that all changes of the
// group share is held. Whoever finds m not busy takes the duty to deliver.
func (n *news) put(m *monitor, ev Event) {
	if m.watcher != nil {
		if ev = ev.local(); len(ev.Joined)+len(ev.Left) == 0 {
			return
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return
	}
	m.queue = append(m.queue, ev)
	if m.busy {
		return
	}
	m.busy = true
	if n.n < len(n.first) {
		n.first[n.n] = m
	} else {
		n.rest = append(n.rest, m)
	}
	n.n++
}

// deliver does the duties. No lock is held.
func (n *news) deliver() {
	done := 0
	defer func() {
		for ; done < n.n; done++ { // a conversion has ended the goroutine
			n.at(done).later(nil)
		}
	}()
	for done < n.n {
		m := n.at(done)
		done++
		m.deliver()
	}
}

func (n *news) at(i int) *monitor {
	if i < len(n.first) {
		return n.first[i]
	}
	return n.rest[i-len(n.first)]
}

// The pauses before a full mailbox is tried again.
const (
	firstPause = time.Millisecond
	lastPause  = time.Second
)

// deliver sends what is queued, in order, until there is nothing more; the
// caller is the one who is busy. What comes meanwhile, from other goroutines, it
// sends too. If the mailbox has no room, a timer of the System takes over: the
// caller may hold up a kill and must not wait.
func (m *monitor) deliver() {
	var todo []Event
	returned := false
	defer func() {
		if !returned { // a conversion has ended the goroutine; the rest goes on without it
			m.later(todo)
		}
	}()
	for {
		m.mu.Lock()
		todo, m.queue = m.queue, nil
		if len(todo) == 0 {
			m.busy = false
			m.retire()
			m.mu.Unlock()
			returned = true
			return
		}
		m.mu.Unlock()
		for len(todo) > 0 {
			ev := todo[0]
			todo = todo[1:]
			if err := m.send(ev); isTemporary(err) {
				m.later(append([]Event{ev}, todo...))
				returned = true
				return
			}
			m.pause = 0
		}
	}
}

// send is Cast. A conversion that panics is the monitor's fault, not ours, and
// loses this event.
func (m *monitor) send(ev Event) error {
	defer func() { _ = recover() }()
	if m.watcher != nil {
		m.inform(ev)
		return nil
	}
	return m.to.Cast(m.t.noWait, ev)
}

// isTemporary says that a send may succeed later: there is no room, it would
// have had to wait for room, or this goroutine has been written off meanwhile.
// All other errors mean that the monitor takes no messages.
func isTemporary(err error) bool {
	return errors.Is(err, actor.ErrMailboxFull) || errors.Is(err, context.Canceled)
}

// later keeps todo and hands the duty to the timer.
func (m *monitor) later(todo []Event) {
	m.pause = min(max(2*m.pause, firstPause), lastPause)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone { // its end takes the timer off, and may have been here
		m.busy = false
		return
	}
	m.queue = append(todo, m.queue...)
	s := m.t.sys.Scheduler()
	s.Arm(&m.again, s.Now()+m.pause, m)
}

// Expire hands the duty on, off the clock's goroutine.
func (m *monitor) Expire() {
	if m.t.sys.Scheduler().AsyncNow(m.deliver) != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.busy, m.queue = false, nil // the System has ended
	}
}
