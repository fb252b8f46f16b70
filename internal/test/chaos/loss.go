package chaos

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// dropPackets makes the kernel drop a share of the packets to and from ports, in percent, until heal is
// called. Only TCP on this machine is affected.
func dropPackets(ports []string, percent int) (heal func() error, err error) {
	table := fmt.Sprintf("chillin_chaos_%d", os.Getpid())
	set := strings.Join(ports, ", ")
	share := ""
	if percent < 100 { // nft compares with at most 99
		share = fmt.Sprintf("numgen random mod 100 < %d ", percent)
	}
	rules := fmt.Sprintf(`table inet %[1]s {
	chain output {
		type filter hook output priority 0;
		tcp dport { %[2]s } %[3]sdrop
		tcp sport { %[2]s } %[3]sdrop
	}
}
`, table, set, share)
	if err := nft(rules); err != nil {
		return nil, err
	}
	return func() error { return nft("delete table inet " + table + "\n") }, nil
}

func nft(rules string) error {
	command := exec.Command("nft", "-f", "-")
	command.Stdin = strings.NewReader(rules)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		return fmt.Errorf("drop packets with nft (Debian's package nftables), as root: %w: %s", err, out.String())
	}
	return nil
}
