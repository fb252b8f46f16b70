package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// databaseTrial commits a write without effect. It returns nothing if there is no schema yet or the
// database cannot be reached: other checks report that.
func databaseTrial(ctx context.Context, c config.Config) []Finding {
	const about = "database write"
	var f schema.Facts
	var took time.Duration
	var err error
	if c.Database.Engine == config.Postgres {
		dsn := c.Database.DSN.Reveal()
		if f, err = schema.InspectPostgres(ctx, dsn); err != nil || f.Schema == 0 || f.Standby {
			return nil
		}
		took, err = store.TryPostgres(ctx, dsn)
	} else {
		if f, err = schema.InspectSQLite(ctx, c.DataDir); err != nil || f.Schema == 0 {
			return nil
		}
		took, err = store.TrySQLite(ctx, c.DataDir)
	}
	if err != nil {
		return []Finding{wrong(about, fmt.Sprintf("failed: %s. No messages can be sent. Check the database's disk, default_transaction_read_only and the user's permissions", hidden(c, err)))}
	}
	return []Finding{ok(about, fmt.Sprintf("committed in %v", took.Round(100*time.Microsecond)))}
}

// receiveTimeout is how long a message may take to come back over Redis.
const receiveTimeout = 2 * time.Second

// redisTrial does what nodes do with Redis: it receives its own message over pub/sub and writes as
// presence does. It returns nothing if Redis cannot be reached.
func redisTrial(ctx context.Context, c config.Config) []Finding {
	if !c.Redis.Enabled() {
		return nil
	}
	options, err := redis.ParseURL(c.Redis.URL.Reveal())
	if err != nil {
		return nil
	}
	options.DialTimeout, options.DialerRetries, options.MaxRetries = time.Second, 1, -1
	client := redis.NewClient(options)
	defer client.Close()
	if client.Ping(ctx).Err() != nil {
		return nil
	}
	name := "chillin:doctor:" + strings.ToLower(rand.Text())
	return []Finding{
		gradeTrial(c, "Redis pub/sub", "a message came back", "nodes do not receive each other's events immediately",
			"the user needs the commands subscribe and publish and the channels chillin:* (ACL SETUSER … +@pubsub &chillin:*)", func() error { return receiveOwnMessage(ctx, client, name) }),
		gradeTrial(c, "Redis write", "a script wrote and removed a key", "presence is unknown",
			"the user needs the keys chillin:* and the commands of hashes, sets, sorted sets and scripts (ACL SETUSER … +@write +@read +@scripting ~chillin:*), and Redis needs memory for them", func() error { return writeAsPresence(ctx, client, name) }),
	}
}

func gradeTrial(c config.Config, about, done, effect, fix string, try func() error) Finding {
	began := time.Now()
	if err := try(); err != nil {
		return wrong(about, fmt.Sprintf("failed: %s. As a result, %s: %s", hidden(c, err), effect, fix))
	}
	return ok(about, fmt.Sprintf("%s in %v", done, time.Since(began).Round(100*time.Microsecond)))
}

func receiveOwnMessage(ctx context.Context, client *redis.Client, channel string) error {
	ctx, cancel := context.WithTimeout(ctx, receiveTimeout)
	defer cancel()
	subscription := client.Subscribe(ctx, channel)
	defer func() { _ = subscription.Close() }() // the client is closed next
	if _, err := subscription.Receive(ctx); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	hearers, err := client.Publish(ctx, channel, "").Result()
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if hearers == 0 {
		return errors.New("the published message was not received: a proxy in between does not forward subscriptions")
	}
	if _, err := subscription.ReceiveMessage(ctx); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	return nil
}

// presenceTrial runs the commands of presence on a temporary key.
var presenceTrial = redis.NewScript(`
redis.call('ZADD', KEYS[1], 1, 'a') redis.call('ZSCORE', KEYS[1], 'a') redis.call('ZRANGE', KEYS[1], 0, -1) redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'a', 'b') redis.call('HKEYS', KEYS[1]) redis.call('HDEL', KEYS[1], 'a')
redis.call('SADD', KEYS[1], 'a') redis.call('SMEMBERS', KEYS[1]) redis.call('SREM', KEYS[1], 'a')
return redis.call('TIME')`)

func writeAsPresence(ctx context.Context, client *redis.Client, key string) error {
	return presenceTrial.Run(ctx, client, []string{key}).Err()
}
