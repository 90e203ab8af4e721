package actor

import "log/slog"

// ReportDeadLetter counts a message that will not be handled, by its Reason,
// and tells subscribers: for packages that send on for others and can return the
// error to nobody. Reason must not be nil. It does not wait. Any goroutine may
// call it; without a subscriber it costs a counter.
func (sys *System) ReportDeadLetter(l DeadLetter) {
	d := &sys.dead
	d.count(l.Reason)
	if d.subscribed.Load() == 0 {
		return
	}
	for _, r := range d.subscribers(l.To.actor()) {
		_ = guard(func() error { return r.Cast(houseCtx, l) })
	}
}

// Logger returns Config.Logger, or one that is silent. Any goroutine may call
// it.
func (sys *System) Logger() *slog.Logger { return sys.log }
