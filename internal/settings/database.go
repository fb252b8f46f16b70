package settings

var database = Area{
	Name:    "Database",
	Summary: "Postgres instead of SQLite, a connection pooler in front of it, and a standby that answers history and search",
	Settings: []Setting{
		{
			Name: "DB_HOST", Type: Text,
			Description: "Host of Postgres, or the folder of its Unix socket. Empty: SQLite in DATA_DIR.",
		},
		{
			Name: "DB_PORT", Type: Number, Default: "5432", Min: 1, Max: 65535,
			Description: "Port of Postgres.",
		},
		{
			Name: "DB_NAME", Type: Text, Default: "chillin",
			Description: "Name of the database.",
		},
		{
			Name: "DB_USER", Type: Text,
			Description: "User of Postgres. Required with DB_HOST.",
		},
		{
			Name: "DB_PASSWORD", Type: Secret,
			Description: "Password of DB_USER.",
		},
		{
			Name: "DATABASE_URL", Type: Secret,
			Description: "Replaces all variables that begin with DB_, and can contain options:\n" +
				"postgres://user:password@host:5432/chillin?sslmode=verify-full",
		},
		{
			Name: "DATABASE_POOLER", Type: Choice, Default: "none", Choices: []string{"none", "transaction"},
			Description: "none, or transaction if DATABASE_URL (or DB_HOST) is the address of a connection pooler in " +
				"transaction mode, such as PgBouncer with pool_mode = transaction.",
		},
		{
			Name: "DATABASE_DIRECT_URL", Type: Secret,
			Description: "Address of Postgres itself, for migrations and backups; required with DATABASE_POOLER.",
		},
		{
			Name: "DATABASE_REPLICA_URL", Type: Secret,
			Description: "Address of a streaming standby of Postgres, from which history and search are read. Empty: none.",
		},
	},
}
