package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/app"
)

// renderReportInterval is the time between two lines of progress.
const renderReportInterval = 5 * time.Second

func renderCommand() *cobra.Command {
	var again bool
	var rest int
	c := &cobra.Command{
		Use: "render", Short: "Render stored messages again, after an update of the Markdown rules", Args: arguments(),
		Long: "Render applies the present Markdown rules to stored messages. Nodes may be running; update all of\n" +
			"them first, because older ones render by the old rules. Messages keep their numbers. The command\n" +
			"can be stopped at any time: the next one continues. Clients show the new form when they read a\n" +
			"message again.",
		RunE: func(c *cobra.Command, _ []string) error {
			if rest < 0 || rest > 100 {
				return fmt.Errorf("--rest must be between 0 and 100")
			}
			return withOperator(c.Context(), func(o *app.Operator) error { return render(c.Context(), o, again, rest, c.OutOrStdout()) })
		},
	}
	c.Flags().BoolVar(&again, "again", false, "begin with the oldest message, even if all have been rendered")
	c.Flags().IntVar(&rest, "rest", 3, "rest `N` times as long as it works")
	return c
}

func render(ctx context.Context, o *app.Operator, again bool, rest int, out io.Writer) error {
	reported := time.Now()
	p, err := o.Render(ctx, again, rest, func(p app.RenderProgress) {
		if time.Since(reported) >= renderReportInterval {
			reported = time.Now()
			fmt.Fprintf(out, "Rendered up to message %d of %d: %d read, %d changed.\n", p.Rendered, p.Newest, p.Read, p.Replaced)
		}
	})
	for _, id := range p.Skipped {
		fmt.Fprintf(out, "Message %d could not be rendered and stays as it is.\n", id)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(out, "Stopped at message %d of %d: %d read, %d changed. Run the command again to continue.\n", p.Rendered, p.Newest, p.Read, p.Replaced)
	case err == nil:
		fmt.Fprintf(out, "All messages are rendered by the present rules: %d read, %d changed.\n", p.Read, p.Replaced)
	}
	return err
}
