package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// leaseFor limits how long a database stays leased by a test that was killed.
	leaseFor   = 15 * time.Minute
	leaseCount = 15
)

// leaseRedis leases one of the databases 1 to 15 of the server named by named, empties it and returns
// its URL. The leases are stored in database 0, so that concurrent test binaries use different
// databases.
func leaseRedis(ctx context.Context, named string) (dsn string, release func() error, err error) {
	opts, err := redis.ParseURL(named)
	if err != nil {
		return "", nil, fmt.Errorf("read TEST_REDIS_URL: %w", err)
	}
	opts.DB = 0
	book := redis.NewClient(opts)
	holder := rand.Text()
	db, err := takeDatabase(ctx, book, holder)
	if err != nil {
		_ = book.Close()
		return "", nil, err
	}
	if err := flush(ctx, opts, db); err != nil {
		_ = book.Close()
		return "", nil, err
	}
	release = func() error {
		defer book.Close()
		if err := flush(context.Background(), opts, db); err != nil {
			return err
		}
		return book.Del(context.Background(), leaseKey(db)).Err()
	}
	return withDatabase(named, db), release, nil
}

// takeDatabase waits for a free database and stores the holder's name.
func takeDatabase(ctx context.Context, book *redis.Client, holder string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		for db := 1; db <= leaseCount; db++ {
			ok, err := book.SetNX(ctx, leaseKey(db), holder, leaseFor).Result()
			if err != nil {
				return 0, fmt.Errorf("lease a Redis database: %w", err)
			}
			if ok {
				return db, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("lease a Redis database: all %d are in use: %w", leaseCount, ctx.Err())
		}
	}
}

func flush(ctx context.Context, opts *redis.Options, db int) error {
	here := *opts
	here.DB = db
	client := redis.NewClient(&here)
	defer client.Close()
	if err := client.FlushDB(ctx).Err(); err != nil {
		return fmt.Errorf("empty Redis database %d: %w", db, err)
	}
	return nil
}

// withDatabase replaces the database of a redis:// URL.
func withDatabase(named string, db int) string {
	u, err := url.Parse(named)
	if err != nil {
		return named // redis.ParseURL has accepted it
	}
	u.Path = "/" + strconv.Itoa(db)
	return u.String()
}

func leaseKey(db int) string { return "chillin:testenv:db:" + strconv.Itoa(db) }
