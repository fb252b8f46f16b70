package service

import (
	"strings"
	"testing"
)

func TestNewRefusesMissingDependencies(t *testing.T) {
	for name, construct := range map[string]func() error{
		"ChangeRates.Moderation": func() error { _, err := New(Dependencies{}); return err },
		"SignIns":                func() error { _, err := NewAccounts(AccountDependencies{}); return err },
	} {
		if err := construct(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("err = %v, want one that names %s", err, name)
		}
	}
}
