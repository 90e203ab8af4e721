package actortest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/panjf2000/ants/v2"
)

func TestMain(m *testing.M) {
	ants.Release()
	goleak.VerifyTestMain(m)
}
