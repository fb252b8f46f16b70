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
	"github.com/chillin-chat/chillin/internal/redisclient"
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
		if f, err = schema.InspectPostgres(ctx, dsn, c.Database.Pooled); err != nil || f.Schema == 0 || f.Standby {
			return nil
		}
		took, err = store.TryPostgres(ctx, dsn, c.Database.Pooled)
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
	address, err := redisclient.Parse(c.Redis.URL.Reveal())
	if err != nil {
		return nil
	}
	client := address.WithoutRetries().Open()
	defer func() { _ = client.Close() }()
	if client.Cluster == nil {
		if client.Ping(ctx).Err() != nil {
			return nil
		}
		return tryServer(ctx, c, client.Server, "", "")
	}
	var all []Finding
	tried := map[string]bool{}
	layout := client.Layout()
	for p := range layout.Partitions() {
		shard, err := client.Cluster.MasterForKey(ctx, layout.Tag(p))
		if err != nil {
			return all
		}
		at := shard.Options().Addr
		if !tried[at] && shard.Ping(ctx).Err() == nil {
			all = append(all, tryServer(ctx, c, shard, layout.Tag(p), " at "+at)...)
		}
		tried[at] = true
	}
	return all
}

// tryServer tries a single Redis, or a shard with a tag of its own.
func tryServer(ctx context.Context, c config.Config, client *redis.Client, tag, at string) []Finding {
	name := "chillin:doctor:" + tag + strings.ToLower(rand.Text())
	receive := receiveOwnMessage
	if tag != "" {
		receive = receiveOwnShardMessage
	}
	return []Finding{
		gradeTrial(c, "Redis pub/sub"+at, "a message came back", "nodes do not receive each other's events immediately",
			"the user needs the commands subscribe and publish (of a cluster ssubscribe and spublish) and the channels chillin:* (ACL SETUSER … +@pubsub &chillin:*)", func() error { return receive(ctx, client, name) }),
		gradeTrial(c, "Redis write"+at, "a script wrote and removed a key", "presence is unknown",
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
	return receiveOwn(ctx, func(ctx context.Context) *redis.PubSub { return client.Subscribe(ctx, channel) },
		func(ctx context.Context) *redis.IntCmd { return client.Publish(ctx, channel, "") })
}

// receiveOwnShardMessage is receiveOwnMessage on a shard of a cluster.
func receiveOwnShardMessage(ctx context.Context, client *redis.Client, channel string) error {
	return receiveOwn(ctx, func(ctx context.Context) *redis.PubSub { return client.SSubscribe(ctx, channel) },
		func(ctx context.Context) *redis.IntCmd { return client.SPublish(ctx, channel, "") })
}

func receiveOwn(ctx context.Context, subscribe func(context.Context) *redis.PubSub, publish func(context.Context) *redis.IntCmd) error {
	ctx, cancel := context.WithTimeout(ctx, receiveTimeout)
	defer cancel()
	subscription := subscribe(ctx)
	defer func() { _ = subscription.Close() }() // the client is closed next
	if _, err := subscription.Receive(ctx); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	hearers, err := publish(ctx).Result()
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
