package timerwheel_test

import (
	"fmt"
	"time"

	"github.com/ractor-go/ractor/timerwheel"
)

func ExampleWheel() {
	type session struct {
		name string
		idle timerwheel.Node[*session]
	}
	open := func(name string) *session {
		s := &session{name: name}
		s.idle.Value = s
		return s
	}

	// One tick is a millisecond here.
	var wheel timerwheel.Wheel[*session]
	ada, bob, cleo := open("ada"), open("bob"), open("cleo")
	wheel.Insert(&ada.idle, 3000)
	wheel.Insert(&bob.idle, 1000)
	wheel.Insert(&cleo.idle, (100 * 365 * 24 * time.Hour).Milliseconds())
	wheel.Remove(&cleo.idle)

	for wheel.Len() > 0 {
		next, _ := wheel.Next() // sleep until then
		wheel.Advance(next, func(n *timerwheel.Node[*session]) {
			fmt.Println(wheel.Now(), n.Value.name)
		})
	}
	// Output:
	// 1000 bob
	// 3000 ada
}

// A periodic timer is a node that is inserted again whenever it fires, counted
// from the tick at which it was due.
func ExampleWheel_Advance() {
	var wheel timerwheel.Wheel[string]
	beat := timerwheel.Node[string]{Value: "beat"}
	wheel.Insert(&beat, 10)
	wheel.Advance(35, func(n *timerwheel.Node[string]) {
		fmt.Println(wheel.Now(), n.Value)
		wheel.Insert(n, wheel.Now()+10)
	})
	fmt.Println(wheel.Next())
	// Output:
	// 10 beat
	// 20 beat
	// 30 beat
	// 40 true
}

// Pop takes the due timers out one at a time, so that a lock is not held while
// they are delivered.
func ExampleWheel_Pop() {
	var wheel timerwheel.Wheel[string]
	for _, name := range []string{"first", "second", "third"} {
		wheel.Insert(&timerwheel.Node[string]{Value: name}, 7)
	}

	var due []string // lock
	for len(due) < 2 {
		n := wheel.Pop(10)
		if n == nil {
			break
		}
		due = append(due, n.Value)
	} // unlock, deliver, and come back for the rest
	fmt.Println(due, wheel.Len(), wheel.Now())
	fmt.Println(wheel.Pop(10).Value, wheel.Pop(10), wheel.Now())
	// Output:
	// [first second] 1 7
	// third <nil> 10
}
