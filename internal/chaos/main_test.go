package chaos

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
