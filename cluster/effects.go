package cluster

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/ractor-go/ractor/cluster/internal/protocol"
	"github.com/ractor-go/ractor/cluster/internal/wire"
	"github.com/ractor-go/ractor/pg"
)

// step tells the machine what has happened and does what it wants. What must be
// in order with the caller's next message (frames, permissions, who is up) is done
// at once, and only touches tables and outboxes. What may run code of others, or
// send to actors, is done by the loop, in the order of the effects: so step may be
// called with any lock held but those of this package.
func (n *Node) step(ev protocol.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stepLocked(ev)
}

func (n *Node) stepLocked(ev protocol.Event) {
	for _, e := range n.machine.Step(time.Now(), ev) {
		n.do(e)
	}
	at, ok := n.machine.Wake()
	if len(n.todo) > 0 || ok && (n.wakeAt.IsZero() || at.Before(n.wakeAt)) {
		n.wake()
	}
}

// later has the loop call f; mu is held.
func (n *Node) later(f func()) { n.todo = append(n.todo, f) }

// do carries an effect out; mu is held.
func (n *Node) do(e protocol.Effect) {
	switch e := e.(type) {
	case protocol.Send:
		n.with(e.Conn, func(s *session) {
			u := early
			if e.Late {
				u = late
			}
			_ = s.out.put(0, u, func(dst []byte) []byte { return wire.Append(dst, e.Msg) }) // a closed one needs nothing
		})
	case protocol.Close:
		n.with(e.Conn, func(s *session) {
			s.reason = e.Reason
			s.close(e.Reason)
		})
	case protocol.Dial:
		n.later(func() { n.dialPeer(e.Addr, e.Name) })
	case protocol.Authenticated:
		n.with(e.Conn, func(s *session) {
			s.authenticated(e.Peer)
			n.later(func() { n.tell(s, Authenticated, nil) })
		})
	case protocol.Ready:
		n.with(e.Conn, func(s *session) {
			s.state.Store(uint32(Ready))
			n.later(func() {
				close(s.ready)
				n.tell(s, Ready, nil)
			})
		})
	case protocol.Disconnected:
		n.with(e.Conn, func(s *session) { n.disconnected(s, errors.New(e.Reason)) })
	case protocol.Allow:
		n.with(e.Conn, func(s *session) { s.allow(e.Pid) })
	case protocol.Revoke:
		n.with(e.Conn, func(s *session) { s.revoke(e.Pid) })
	case protocol.Up:
		n.with(e.Conn, func(s *session) { s.up(e.Pid, e.Name) })
	case protocol.Down:
		n.with(e.Conn, func(s *session) { n.down(s, e) })
	case protocol.PeerJoined:
		n.with(e.Conn, func(s *session) {
			refs := s.refs(e.Pids)
			n.later(func() { n.complain(pg.JoinAny(n.sys, e.Scope, e.Group, refs...), "group", e.Group) })
		})
	case protocol.PeerLeft:
		n.with(e.Conn, func(s *session) {
			refs := s.refs(e.Pids)
			n.later(func() { n.complain(pg.LeaveAny(n.sys, e.Scope, e.Group, refs...), "group", e.Group) })
		})
	case protocol.PeerNamed:
		n.with(e.Conn, func(s *session) { s.named(e.Name, e.Pid) })
	case protocol.PeerUnnamed:
		n.with(e.Conn, func(s *session) { s.unnamed(e.Name, e.Pid) })
	case protocol.Log:
		n.later(func() { n.log.Log(n.ctx, e.Level, e.Text, "connection", uint64(e.Conn)) })
	}
}

// with calls f with a connection that is open; mu is held.
func (n *Node) with(id protocol.ConnID, f func(*session)) {
	if s := n.sessions[id]; s != nil {
		f(s)
	}
}

// complain logs an error that nobody else is told.
func (n *Node) complain(err error, about ...any) {
	if err != nil {
		n.log.Warn(err.Error(), about...)
	}
}

// wake has the loop look.
func (n *Node) wake() {
	select {
	case n.nudge <- struct{}{}:
	default:
	}
}

// loop is the node's own goroutine: it keeps the time, for the machine and for
// those who dial, and does what step has left for it. It ends when the node is
// leaving and nothing is left.
func (n *Node) loop() {
	returned := false
	defer func() {
		if !returned { // somebody's hook has ended this goroutine, and must not end the node
			n.group.Go(n.loop)
		}
	}()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		todo, wait, over := n.look(time.Now())
		for i, f := range todo {
			n.guard(f, todo[i+1:])
		}
		if len(todo) > 0 {
			continue // there may be more
		}
		if over {
			for _, undo := range n.undo {
				undo()
			}
			returned = true
			return
		}
		timer.Reset(wait)
		select {
		case <-n.nudge:
		case <-timer.C:
		}
	}
}

// guard calls f, which may run code of others. If that panics it is logged; if it
// ends the goroutine, rest is done by the next one.
func (n *Node) guard(f func(), rest []func()) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			n.log.Error("panic in a hook", "panic", v, "stack", string(debug.Stack()))
			return
		}
		n.mu.Lock()
		n.todo = append(append([]func(){}, rest...), n.todo...)
		n.mu.Unlock()
	}()
	f()
	returned = true
}

// lookEvery is how often the loop looks when nothing calls it.
const lookEvery = time.Second

// look is one look of the loop: what is to be done, and for how long it may sleep.
func (n *Node) look(now time.Time) (todo []func(), wait time.Duration, over bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, ok := n.machine.Wake()
	if ok && !now.Before(at) {
		n.listened(now)
		n.stepLocked(protocol.Tick{})
		at, ok = n.machine.Wake()
	}
	next := now.Add(lookEvery)
	if len(n.sessions) == 0 && len(n.joiners) == 0 {
		next = now.Add(time.Hour)
	}
	if ok && at.Before(next) {
		next = at
	}
	if j := n.redial(now); !j.IsZero() && j.Before(next) {
		next = j
	}
	sweep := now.Sub(n.swept) >= lookEvery
	if sweep {
		n.swept = now
	}
	for _, s := range n.sessions {
		if sweep {
			s.sweep()
		}
		if at := s.inquiries.sweep(now); !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	n.wakeAt = next
	todo, n.todo = n.todo, nil
	return todo, max(0, next.Sub(now)), n.leaving && len(n.sessions) == 0 && len(n.todo) == 0
}

// listened tells the machine, before a Tick, whom we have heard; mu is held. Silence
// counts only while we listen: a process that was stopped, or a reader that is busy,
// has not heard what may be there.
func (n *Node) listened(now time.Time) {
	overslept := !n.wakeAt.IsZero() && now.Sub(n.wakeAt) > n.cfg.IdleTimeout/4
	for _, s := range n.sessions {
		if s.inlet.heard.Swap(false) || overslept || !s.inlet.reading.Load() {
			n.stepLocked(protocol.Heard{Conn: s.id})
		}
	}
}

// opened makes a connection known, and a session of it.
func (n *Node) opened(s *session, ev protocol.Opened) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leaving {
		return ErrStopped
	}
	n.sessions[s.id] = s
	n.later(func() { n.tell(s, Opened, nil) })
	n.stepLocked(ev)
	return nil
}

// disconnected: a session is over, and why; mu is held. That is told now, though the
// connection may take a moment to close: another one to the same peer may be its
// successor, and is told of afterwards.
func (n *Node) disconnected(s *session, why error) {
	if EventKind(s.state.Swap(uint32(Disconnected))) == Disconnected {
		return
	}
	s.trust.Store(false)
	n.later(func() {
		s.cause = why
		s.finish(s.gone())
		close(s.over)
		n.tell(s, Disconnected, why)
	})
}

// closed is the end of a connection, and of both its goroutines. If it was
// authenticated, and the machine did not know yet, it says that the session is over.
func (n *Node) closed(s *session, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stepLocked(protocol.Closed{Conn: s.id, Err: err})
	delete(n.sessions, s.id)
	in, out, _ := s.traffic()
	n.counters.in.Add(in)
	n.counters.out.Add(out)
	if s.known != nil {
		s.known() // before anybody is told that it is gone
	}
	if s.reason != "" {
		err = errors.New(s.reason)
	}
	n.disconnected(s, err)
	n.wake()
}

// down: an actor of the peer is gone; mu is held.
func (n *Node) down(s *session, e protocol.Down) {
	f := s.down(e.Pid)
	if f == nil {
		return
	}
	err := s.ending(e.Reason)
	n.later(func() {
		s.failCalls(e.Pid, err)
		f.shim.End(err)
	})
}

// tell sends an event to who has asked for them.
func (n *Node) tell(s *session, kind EventKind, err error) {
	level := slog.LevelInfo
	if kind == Opened {
		level = slog.LevelDebug
	}
	d := s.describe()
	d.State = kind
	n.log.Log(n.ctx, level, "session "+kind.String(), "peer", d.String(), "error", err)
	if !n.cfg.Events.IsZero() {
		n.complain(n.cfg.Events.Cast(n.quiet, Event{Kind: kind, Session: d, Err: err}), "event", kind.String())
	}
}
