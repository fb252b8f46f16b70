package settings

var files = Area{
	Name:    "Files",
	Summary: "S3 instead of files, and the folder for the data of this machine (`./data`)",
	Settings: []Setting{
		{
			Name: "USE_MINIO", Type: Boolean, Default: "false",
			Description: "Store avatars and attachments in an S3 server (MinIO or any other): true or false.",
		},
		{
			Name: "MINIO_ENDPOINT", Type: Text,
			Description: "Address of the S3 server: host:port (plain HTTP), or http://… or https://…",
		},
		{
			Name: "S3_ACCESS_KEY_ID", Type: Secret,
			Description: "Key of the S3 server. Both keys are required, except on Amazon S3 (*.amazonaws.com): without " +
				"them, nodes take those of AWS_ACCESS_KEY_ID, of the file ~/.aws/credentials, or of the role of the " +
				"pod, container or machine, and renew them.",
		},
		{
			Name: "S3_SECRET_ACCESS_KEY", Type: Secret,
			Description: "Secret part of the key.",
		},
		{
			Name: "S3_BUCKET_NAME", Type: Text, Default: "chillin",
			Description: "Bucket for the files. It is created at the first start.",
		},
		{
			Name: "S3_REGION", Type: Text, Default: "us-east-1",
			Description: "Region of the bucket.",
		},
		{
			Name: "DATA_DIR", Type: Text, Default: "./data",
			Description: "Folder for the SQLite database, and for files without S3.",
		},
	},
}
