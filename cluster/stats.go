package cluster

import "sync/atomic"

// Stats are the counters of a Node, since its start.
type Stats struct {
	Sessions  int    `json:"sessions"`  // authenticated now
	Waiting   int64  `json:"waiting"`   // accepted, not authenticated yet
	Crowded   uint64 `json:"crowded"`   // connections refused because too many were waiting
	Refused   uint64 `json:"refused"`   // connections that failed before the protocol began: TLS, certificates
	Queued    int    `json:"queued"`    // bytes that wait to be sent
	BytesIn   uint64 `json:"bytes_in"`  // read
	BytesOut  uint64 `json:"bytes_out"` // written
	CastsIn   uint64 `json:"casts_in"`  // that have come
	CallsIn   uint64 `json:"calls_in"`  // that have come
	CallsOut  int    `json:"calls_out"` // that wait for an answer
	Inquiries int    `json:"inquiries"` // calls of others that wait for an answer
	Late      uint64 `json:"late"`      // answers that nobody waited for
	Nacked    uint64 `json:"nacked"`    // messages of ours that came to nothing at a Go node

	// Messages of others that did not reach an actor.
	Untrusted   uint64 `json:"untrusted"`   // before authentication
	Unknown     uint64 `json:"unknown"`     // for an actor that is not there, or not for that node
	Undecodable uint64 `json:"undecodable"` // answers too
	Full        uint64 `json:"full"`        // refused by a bounded mailbox
	Dropped     uint64 `json:"dropped"`     // for another reason: the actor was ending
	Denied      uint64 `json:"denied"`      // commands and spawns that are not allowed
}

type counters struct {
	crowded, refused, casts, calls, late, nacked                    atomic.Uint64
	untrusted, unknown, undecodable, full, dropped, denied, in, out atomic.Uint64
}

// Stats returns the counters. CastsIn is a little behind while messages are coming. Any goroutine may call it; it costs some µs for each session.
func (n *Node) Stats() Stats {
	c := &n.counters
	st := Stats{
		Waiting:     n.unauthenticated.Load(),
		Crowded:     c.crowded.Load(),
		Refused:     c.refused.Load(),
		CastsIn:     c.casts.Load(),
		CallsIn:     c.calls.Load(),
		Late:        c.late.Load(),
		Nacked:      c.nacked.Load(),
		Untrusted:   c.untrusted.Load(),
		Unknown:     c.unknown.Load(),
		Undecodable: c.undecodable.Load(),
		Full:        c.full.Load(),
		Dropped:     c.dropped.Load(),
		Denied:      c.denied.Load(),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	st.BytesIn, st.BytesOut = c.in.Load(), c.out.Load()
	for _, s := range n.sessions {
		if s.trust.Load() {
			st.Sessions++
		}
		in, out, queued := s.traffic()
		st.BytesIn += in
		st.BytesOut += out
		st.Queued += queued
		st.CallsOut += s.waitingCalls()
		st.Inquiries += s.inquiries.len()
	}
	return st
}

// traffic is what a session has read, written, and has still to write.
func (s *session) traffic() (in, out uint64, queued int) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return s.inlet.bytes.Load(), s.out.written, s.out.queued()
}

func (s *session) waitingCalls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls.waits
}

func (l *inquiries) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for q := l.oldest; q != nil; q = q.newer {
		n++
	}
	return n
}
