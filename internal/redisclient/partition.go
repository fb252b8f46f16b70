package redisclient

import (
	"strconv"
	"strings"
)

// Partitions is the number of partitions of a cluster. Each has one slot: the channels and keys of a
// room are in the slot of its partition. 256 spread evenly over up to about 30 shards, and one
// subscription and one lease per partition cost little. Changing it separates running nodes from each
// other.
const Partitions = 256

// Layout says how names are distributed. A single Redis is one partition, and its names have no tag.
type Layout struct{ partitions int }

// Layout returns the layout of c.
func (c *Client) Layout() Layout {
	if c.Kind == Cluster {
		return NewLayout(Partitions)
	}
	return NewLayout(1)
}

// NewLayout returns a layout with partitions, which is 1 for a single Redis.
func NewLayout(partitions int) Layout { return Layout{partitions} }

// Partitions returns the number of partitions.
func (l Layout) Partitions() int { return l.partitions }

// Of returns the partition of a room or user.
func (l Layout) Of(id int64) int { return int(uint64(id) % uint64(l.partitions)) }

// Tag returns the hash tag of a partition with a colon, "" on a single Redis. "p0" to "p255" have slots
// that spread more evenly than those of the numbers alone.
func (l Layout) Tag(partition int) string {
	if l.partitions == 1 {
		return ""
	}
	return "{p" + strconv.Itoa(partition) + "}:"
}

// Slot returns the slot of a hash tag or of a name that begins with one: CRC-16/XMODEM of what is in
// braces, as the specification of Redis Cluster defines it. go-redis does not export its own.
func Slot(tag string) int {
	tag = strings.TrimPrefix(tag, "{")
	if end := strings.IndexByte(tag, '}'); end >= 0 {
		tag = tag[:end]
	}
	var crc uint16
	for i := range len(tag) {
		crc ^= uint16(tag[i]) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc) % 16384
}
