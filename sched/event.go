package sched

// Event is something about the scheduler that an operator should know.
type Event struct {
	Kind  EventKind
	Stuck []*Task // SparesExhausted: what the stuck workers run
}

// EventKind says what an Event is about.
type EventKind uint8

// The kinds of events.
const (
	// SparesExhausted: all workers and Config.MaxSpares spares are stuck;
	// other tasks wait until one of them returns. It is reported once each
	// time this comes about.
	SparesExhausted EventKind = iota + 1
)

// String returns the kind's name.
func (k EventKind) String() string {
	if k == SparesExhausted {
		return "spares exhausted"
	}
	return "unknown"
}

func (s *Scheduler) report(e Event) {
	if s.cfg.OnEvent != nil {
		s.cfg.OnEvent(e)
	}
}
