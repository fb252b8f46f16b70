package dbconn

import (
	"context"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// pooledConnector opens connections through a connection pooler. Their transactions begin with the
// statement local, in the same round trip.
type pooledConnector struct {
	driver.Connector
	local string
}

func (c pooledConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &pooledConn{conn.(*stdlib.Conn), c.local}, nil
}

type pooledConn struct {
	*stdlib.Conn
	local string
}

var _ driver.ConnBeginTx = (*pooledConn)(nil)

// BeginTx begins a transaction of the default isolation level.
func (c *pooledConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin := `BEGIN`
	if o.ReadOnly {
		begin = beginSnapshot
	}
	tx, err := c.Conn.Conn().BeginTx(ctx, pgx.TxOptions{BeginQuery: begin + `; ` + c.local})
	if err != nil {
		return nil, err
	}
	return pooledTx{ctx, tx}, nil
}

// pooledTx is a transaction that ends with the context with which it began, as that of pgx does.
type pooledTx struct {
	ctx context.Context
	tx  pgx.Tx
}

func (t pooledTx) Commit() error   { return t.tx.Commit(t.ctx) }
func (t pooledTx) Rollback() error { return t.tx.Rollback(t.ctx) }
