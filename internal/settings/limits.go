package settings

const (
	maxRate  = 1_000_000
	maxQuota = 1 << 30 // MiB
)

var limits = Area{
	Name:    "Limits",
	Summary: "limits, unless an admin has set others",
	Text: "Defaults until an admin sets others at run time. An IPv6 address counts as its /64 network. All limits " +
		"apply per node.",
	Settings: []Setting{
		{
			Name: "MAX_MESSAGE_LENGTH", Type: Number, Default: "2000", Min: 1, Max: 20_000, Unit: "characters",
			Admin: true, Limit: "maxMessageLength", Label: "Message length, in characters",
			Description: "Longest message, in Unicode code points: 1 to 20000.",
		},
		{
			Name: "RATE_LIMIT_MESSAGES", Type: Number, Default: "10", Min: 1, Max: maxRate, Unit: "messages",
			Admin: true, Limit: "messagesPer10s", Label: "Messages per user in 10 seconds",
			Description: "Messages per user and 10 seconds. The limit of a room is a hundred times as high.",
		},
		{
			Name: "MAX_UPLOAD_SIZE", Type: Size, Default: "10", Min: 1, Max: 1024, Unit: "MiB",
			Admin: true, Limit: "maxUploadSize", Label: "File size, in MB",
			Description: "Largest upload, in MiB: 1 to 1024. Proxies other than our nginx.conf must allow it.",
		},
		{
			Name: "UPLOAD_QUOTA", Type: Size, Default: "500", Min: 1, Max: maxQuota, Unit: "MiB",
			Admin: true, Limit: "uploadBytesPerDay", Label: "Uploads per user and day, in MB",
			Description: "MiB that a user can upload per day (UTC), including avatars. Deleted files count too. A bot " +
				"uses the quota of its owner.",
		},
		{
			Name: "GUEST_UPLOAD_QUOTA", Type: Size, Default: "50", Min: 1, Max: maxQuota, Unit: "MiB",
			Admin: true, Limit: "guestUploadBytesPerDay", Label: "Uploads per guest and day, in MB",
			Description: "MiB that a guest can upload per day (UTC), including avatars.",
		},
		{
			Name: "STORAGE_QUOTA", Type: Size, Default: "102400", Min: 1, Max: maxQuota, Unit: "MiB",
			Admin: true, Limit: "storageBytes", Label: "Files of all users, in MB",
			Description: "MiB of files stored for all users together. Guests can use four fifths.",
		},
		{
			Name: "RATE_LIMIT_JOINS", Type: Number, Default: "30", Min: 1, Max: maxRate, Unit: "rooms",
			Admin: true, Limit: "joinsPerMinute", Label: "Room joins per user and minute",
			Description: "Rooms that a user can join per minute.",
		},
		{
			Name: "RATE_LIMIT_ROOMS", Type: Number, Default: "10", Min: 1, Max: maxRate, Unit: "rooms",
			Admin: true, Limit: "roomsPerHour", Label: "New rooms per user and hour",
			Description: "Rooms that a user can create per hour.",
		},
		{
			Name: "RATE_LIMIT_AUTH", Type: Number, Default: "30", Min: 1, Max: maxRate, Unit: "attempts",
			Admin: true, Limit: "authPerMinute", Label: "Sign-ins per address and minute",
			Description: "Sign-ins, registrations and changes of password per IP address and minute. Four times as many " +
				"accounts, including guests, can be created per address and hour.",
		},
		{
			Name: "MAX_SOCKETS_PER_IP", Type: Number, Default: "500", Min: 1, Max: maxRate, Unit: "connections",
			Admin: true, Limit: "socketsPerAddress", Label: "Connections per address and node",
			Description: "Open WebSockets of one IP address on a node. Many users may share an address.",
		},
		{
			Name: "MIN_FREE_SPACE", Type: Size, Default: "1024", Min: 0, Max: maxQuota, Unit: "MiB",
			Description: "MiB of the disk that uploads leave free, or a tenth of the disk if that is less. Below it " +
				"uploads are refused; messages are not affected. Admins cannot change this one.",
		},
	},
}
