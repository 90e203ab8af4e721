package cluster

import (
	"sync"
	"time"

	"github.com/ractor-go/ractor/rpc"
)

// inquiry is a call of a peer that a local actor has not answered yet.
type inquiry struct {
	owing

	session  *session
	pid, tag uint64
	at       time.Time // when the caller gives up; zero: never

	request      rpc.Incoming // guarded by inquiries.mu; zero until the actor has it
	older, newer *inquiry     // guarded by inquiries.mu
	open         bool         // guarded by inquiries.mu: it is on the list
}

// answer is where the actor's answer goes (inquirer).
func (q *inquiry) answer(what []byte, err error) {
	alone := q.session.inquiries.leave(q)
	q.session.answer(q.pid, q.tag, alone, what, err)
}

// inquiries are the open ones of a session. When their time is over, or the
// session, their Replies are abandoned, so that what is still queued is not
// handled for nobody.
type inquiries struct {
	mu     sync.Mutex
	oldest *inquiry  // guarded by mu: a list through newer
	newest *inquiry  // guarded by mu
	sooner time.Time // guarded by mu: no deadline is before this; zero: there was none at the last sweep
}

func (l *inquiries) enter(q *inquiry) {
	l.mu.Lock()
	q.open = true
	q.older = l.newest
	if l.newest != nil {
		l.newest.newer = q
	} else {
		l.oldest = q
	}
	l.newest = q
	first := !q.at.IsZero() && (l.sooner.IsZero() || q.at.Before(l.sooner))
	if first {
		l.sooner = q.at
	}
	l.mu.Unlock()
	if first { // not at each call: sooner stays until the next sweep
		q.session.node.wakeBy(q.at)
	}
}

// waits notes how to tell the actor that nobody waits any more.
func (l *inquiries) waits(q *inquiry, request rpc.Incoming) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q.request = request
}

// leave says whether q was the only one.
func (l *inquiries) leave(q *inquiry) (alone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unlink(q)
	return l.oldest == nil
}

func (l *inquiries) unlink(q *inquiry) {
	if !q.open {
		return
	}
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
