package mailbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/meet"
	"github.com/ractor-go/ractor/mailbox"
)

// meetings is how often two steps are made to meet.
const meetings = 40_000 / meet.Share

var meetPool mailbox.Pool[int]

func pushEvent(b *box) mailbox.Outcome   { return b.PushControl(mailbox.Supervision, 1) }
func pushMessage(b *box) mailbox.Outcome { return b.Push(&meetPool, nil, 1) }

func pushChain(b *box) mailbox.Outcome {
	chain := mailbox.NewChain(&meetPool, nil)
	chain.Add(1)
	return b.PushChain(&chain)
}

func popEvent(b *box) bool {
	_, _, ok := b.PopControl()
	return ok
}

func popMessage(b *box) bool {
	_, ok := b.Pop(&meetPool, nil)
	return ok
}

// A push and a consumer that falls asleep: either it sleeps and the push is told
// to wake it, or it goes on and the push is not.
func TestPushMeetsSleep(t *testing.T) {
	for name, c := range map[string]struct {
		bound int
		push  func(b *box) mailbox.Outcome
		pop   func(b *box) bool
	}{
		"control": {0, pushEvent, popEvent},
		"message": {0, pushMessage, popMessage},
		"chain":   {0, pushChain, popMessage},
		"bounded": {2, pushMessage, popMessage},
	} {
		t.Run(name, func(t *testing.T) {
			b := new(box)
			if c.bound > 0 {
				b = bounded(c.bound)
			}
			var slept bool
			var told mailbox.Outcome
			b.Wake()
			meet.Often(meetings, func() {},
				func() { slept = b.Sleep() },
				func() { told = c.push(b) },
				func() {
					require.Equal(t, slept, told == mailbox.Wake, "asleep: %v, told: %v", slept, told)
					require.True(t, c.pop(b), "it is there")
				})
		})
	}
}

// Two pushes find the consumer asleep: one of them is told to wake it.
func TestPushesMeet(t *testing.T) {
	for name, push := range map[string]func(b *box) mailbox.Outcome{
		"control": pushEvent,
		"message": pushMessage,
	} {
		t.Run(name, func(t *testing.T) {
			b := new(box)
			var told [2]mailbox.Outcome
			meet.Often(meetings, func() {},
				func() { told[0] = push(b) },
				func() { told[1] = push(b) },
				func() {
					require.NotEqual(t, told[0] == mailbox.Wake, told[1] == mailbox.Wake, "told: %v", told)
					for popEvent(b) || popMessage(b) {
					}
					require.True(t, b.Sleep())
				})
		})
	}
}
