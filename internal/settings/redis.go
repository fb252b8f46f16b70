package settings

var redis = Area{
	Name:    "Redis",
	Summary: "connects the nodes: one Redis, a cluster or Sentinels ([forms](docs/operating.md#redis))",
	Settings: []Setting{
		{
			Name: "REDIS_URL", Type: Secret,
			Description: "Connects several nodes that serve the same rooms; requires Postgres.\n" +
				"One server: redis://user:password@localhost:6379/0 (rediss:// is TLS)\n" +
				"A cluster: redis://user:password@host1:6379,host2:6379,host3:6379\n" +
				"Sentinels: redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0\n" +
				`More forms and options are in docs/operating.md, "Redis".`,
		},
	},
}
