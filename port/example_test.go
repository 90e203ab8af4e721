package port_test

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/port"
)

// A meter publishes what it reads; an alarm that takes other messages hears
// only what is too much.
func Example_pubSub() {
	ctx := context.Background()
	alarm, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[string], text string) error {
		fmt.Println(text)
		return nil
	}))
	if err != nil {
		fmt.Println(err)
		return
	}

	var readings port.Port[float64]
	tooHot := readings.Subscribe(
		actor.Adapt(alarm, func(v float64) string { return fmt.Sprintf("%.1f is too hot", v) }),
		func(v float64) bool { return v > 30 },
	)
	for _, v := range []float64{21.5, 31.2, 29.9, 40} {
		readings.Send(ctx, v)
	}
	tooHot.Cancel()
	readings.Send(ctx, 50)

	_ = alarm.DrainAndWait(ctx)
	fmt.Printf("%+v\n", tooHot.Stats())
	// Output:
	// 31.2 is too hot
	// 40.0 is too hot
	// {Subscribers:0 Sent:2 Refused:0 Filtered:2}
}
