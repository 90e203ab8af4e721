package cluster

import (
	"sync"
	"time"

	"github.com/ractor-go/ractor/rpc"
)

// inquiry is a call of a peer that a local actor has to answer. When it is answered
// it serves the next call, but for one that was given up: its answer may still be
// on the way.
type inquiry struct {
	owing

	session  *session
	pid, tag uint64
	at       time.Time // when the caller gives up; zero: never

	request      rpc.Incoming // guarded by inquiries.mu; zero until the actor has it
	older, newer *inquiry     // guarded by inquiries.mu
	open         bool         // guarded by inquiries.mu: it is on the list
	answered     bool         // guarded by inquiries.mu: it was answered before it was on the list
}

// answer is where the actor's answer goes (inquirer).
func (q *inquiry) answer(what []byte, err error) {
	s, pid, tag := q.session, q.pid, q.tag
	alone := s.inquiries.leave(q) // and it is another call's
	s.answer(pid, tag, alone, what, err)
}

// inquiries are the open ones of a session. When their time is over, or the
// session, their Replies are abandoned, so that what is still queued is not
// handled for nobody.
type inquiries struct {
	mu     sync.Mutex
	oldest *inquiry  // guarded by mu: a list through newer
	newest *inquiry  // guarded by mu
	sooner time.Time // guarded by mu: no deadline is before this; zero: there was none at the last sweep
	over   bool      // guarded by mu: the session is
	idle   *inquiry  // guarded by mu: those for further calls, through newer
	idles  int       // guarded by mu: how many
}

// maxIdle is how many inquiries are kept for further calls.
const maxIdle = 256

// enter takes in q, whose request the actor has, unless it was answered already. It
// returns an inquiry for a further call; nil: make one.
func (l *inquiries) enter(q *inquiry, request rpc.Incoming) (next *inquiry) {
	l.mu.Lock()
	node, at := q.session.node, q.at
	first, over := false, l.over
	switch {
	case q.answered:
		l.keep(q)
	case !over:
		q.request = request
		first = l.link(q)
	}
	if next = l.idle; next != nil {
		l.idle, next.newer = next.newer, nil
		l.idles--
	}
	l.mu.Unlock()
	switch {
	case over:
		request.GiveUp()
	case first: // not at each call: sooner stays until the next sweep
		node.wakeBy(at)
	}
	return next
}

// link appends q to the list; first: its deadline is before all others.
func (l *inquiries) link(q *inquiry) (first bool) {
	q.open = true
	q.older = l.newest
	if l.newest != nil {
		l.newest.newer = q
	} else {
		l.oldest = q
	}
	l.newest = q
	first = !q.at.IsZero() && (l.sooner.IsZero() || q.at.Before(l.sooner))
	if first {
		l.sooner = q.at
	}
	return first
}

// leave takes out an answered one, and says whether no other is there.
func (l *inquiries) leave(q *inquiry) (alone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q.open {
		l.unlink(q)
		l.keep(q)
	} else {
		q.answered = true // perhaps enter is still to come
	}
	return l.oldest == nil
}

// keep takes an inquiry that nobody has any more for a further call.
func (l *inquiries) keep(q *inquiry) {
	if l.idles == maxIdle {
		return
	}
	*q = inquiry{newer: l.idle}
	l.idle = q
	l.idles++
}

func (l *inquiries) unlink(q *inquiry) {
	q.open = false
	if q.older != nil {
		q.older.newer = q.newer
	} else {
		l.oldest = q.newer
	}
	if q.newer != nil {
		q.newer.older = q.older
	} else {
		l.newest = q.older
	}
	q.older, q.newer = nil, nil
}

// giveUp abandons all that which picks.
func (l *inquiries) giveUp(which func(*inquiry) bool) {
	var over []rpc.Incoming
	l.mu.Lock()
	for q := l.oldest; q != nil; {
		next := q.newer
		if which(q) {
			l.unlink(q)
			over = append(over, q.request)
		}
		q = next
	}
	l.mu.Unlock()
	for _, r := range over {
		r.GiveUp()
	}
}

// end abandons all, and those that come later.
func (l *inquiries) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.giveUp(func(*inquiry) bool { return true })
}

// sweep abandons those whose time is over and returns when the next one's is;
// zero if no time is running.
func (l *inquiries) sweep(now time.Time) (next time.Time) {
	l.mu.Lock()
	due := !l.sooner.IsZero() && !l.sooner.After(now)
	if !due {
		next = l.sooner
		l.mu.Unlock()
		return next
	}
	l.sooner = time.Time{}
	l.mu.Unlock()
	l.giveUp(func(q *inquiry) bool {
		switch {
		case q.at.IsZero():
			return false
		case !q.at.After(now):
			return true
		case l.sooner.IsZero() || q.at.Before(l.sooner):
			l.sooner = q.at
		}
		return false
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sooner
}

// wakeBy has the loop look at that time at the latest.
func (n *Node) wakeBy(at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.wakeAt.IsZero() || at.Before(n.wakeAt) {
		n.wake()
	}
}
