package protocol

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, actortest.IgnoreAnts()...) }
