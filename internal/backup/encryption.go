package backup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
)

// Keys encrypt and decrypt archives.
type Keys struct {
	// Passphrase encrypts and decrypts; "" if there is none.
	Passphrase string
	// Recipients are age public keys (age1…), one per line, instead of a passphrase.
	Recipients string
	// IdentityFile contains the private keys for archives that were encrypted for Recipients.
	IdentityFile string
	// Ask asks for a passphrase if an archive needs one and none is set.
	Ask func() (string, error)
}

// workFactor of scrypt (2^18): trying a passphrase costs a second and 256 MiB. It is also the highest
// accepted value, because an archive could require any amount of memory.
const workFactor = 18

const ageMagic = "age-encryption.org/"

// encrypts reports whether new archives are encrypted.
func (k Keys) encrypts() bool { return k.Passphrase != "" || k.Recipients != "" }

// encrypt encrypts data written to w, if there are keys.
func (k Keys) encrypt(w io.Writer) (io.WriteCloser, error) {
	if !k.encrypts() {
		return plain{w}, nil
	}
	if k.Passphrase != "" && k.Recipients != "" {
		return nil, errors.New("an archive is encrypted with a passphrase or for recipients, not both: unset BACKUP_PASSPHRASE or BACKUP_RECIPIENT")
	}
	recipients, err := k.recipients()
	if err != nil {
		return nil, err
	}
	out, err := age.Encrypt(w, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypt backup: %w", err)
	}
	return out, nil
}

func (k Keys) recipients() ([]age.Recipient, error) {
	if k.Passphrase == "" {
		recipients, err := age.ParseRecipients(bytes.NewReader([]byte(k.Recipients)))
		if err != nil {
			return nil, fmt.Errorf("BACKUP_RECIPIENT is not an age public key (age1…): %w", err)
		}
		return recipients, nil
	}
	recipient, err := age.NewScryptRecipient(k.Passphrase)
	if err != nil {
		return nil, fmt.Errorf("use BACKUP_PASSPHRASE: %w", err)
	}
	recipient.SetWorkFactor(workFactor)
	return []age.Recipient{recipient}, nil
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// decrypt decrypts r if it is encrypted.
func (k *Keys) decrypt(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	if head, _ := in.Peek(len(ageMagic)); string(head) != ageMagic {
		return in, nil
	}
	identities, err := k.identities()
	if err != nil {
		return nil, err
	}
	out, err := age.Decrypt(in, identities...)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return nil, errors.New("the backup is encrypted with another passphrase or for another key")
	}
	if err != nil {
		return nil, broken("decrypt: %w", err)
	}
	return out, nil
}

func (k *Keys) identities() ([]age.Identity, error) {
	if k.IdentityFile != "" {
		file, err := os.Open(k.IdentityFile)
		if err != nil {
			return nil, fmt.Errorf("read BACKUP_IDENTITY_FILE: %w", err)
		}
		defer file.Close()
		identities, err := age.ParseIdentities(file)
		if err != nil {
			return nil, fmt.Errorf("read BACKUP_IDENTITY_FILE: %w", err)
		}
		return identities, nil
	}
	if k.Passphrase == "" && k.Ask != nil {
		var err error
		if k.Passphrase, err = k.Ask(); err != nil {
			return nil, err
		}
	}
	if k.Passphrase == "" {
		return nil, errors.New("the backup is encrypted: set BACKUP_PASSPHRASE_FILE or BACKUP_IDENTITY_FILE, or run this in a terminal")
	}
	identity, err := age.NewScryptIdentity(k.Passphrase)
	if err != nil {
		return nil, fmt.Errorf("use the passphrase: %w", err)
	}
	identity.SetMaxWorkFactor(workFactor)
	return []age.Identity{identity}, nil
}
