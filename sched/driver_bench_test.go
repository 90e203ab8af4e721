package sched_test

import (
	"testing"

	"github.com/ractor-go/ractor/sched"
)

// still is a hand that does nothing.
type still struct{}

func (still) Reach(sched.Op) bool { return false }
func (still) Note(sched.Op)       {}
func (still) Quiet(bool)          {}

// What a choice point costs: in production, where no goroutine of the process is
// simulated, a load; in a goroutine that is not simulated while others are, the
// look who it is; and in one that is.
func BenchmarkChoicePoint(b *testing.B) {
	task := new(sched.Task)
	points := func(b *testing.B) {
		for b.Loop() {
			if sched.Driven() {
				sched.Reach(sched.Op{Kind: sched.OpSend, Task: task})
			}
			sched.Touch(task, nil)
		}
	}
	b.Run("production", points)
	b.Run("others", func(b *testing.B) {
		end, ended := make(chan struct{}), make(chan struct{})
		there := make(chan struct{})
		go func() {
			defer close(ended)
			leave := sched.Adopt(still{})
			defer leave()
			close(there)
			<-end
		}()
		<-there
		points(b)
		close(end)
		<-ended
	})
	b.Run("simulated", func(b *testing.B) {
		leave := sched.Adopt(still{})
		defer leave()
		points(b)
	})
}
