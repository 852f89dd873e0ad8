// Posts one event in each content mode, by the official SDK: usage: cloudevents-go URL TOKEN EVENT, the event as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func main() {
	target, token := os.Args[1], os.Args[2]
	var event cloudevents.Event
	must(json.Unmarshal([]byte(os.Args[3]), &event))
	client, err := cloudevents.NewClientHTTP(
		cloudevents.WithTarget(target), cloudevents.WithHeader("Authorization", "Bearer "+token),
	)
	must(err)
	ctx := context.Background()
	send := func(mode string, within context.Context) {
		one := event.Clone()
		one.SetID("go-" + mode)
		var answer *cehttp.Result
		result := client.Send(within, one)
		cloudevents.ResultAs(result, &answer)
		say(mode, answer.StatusCode)
	}
	send("binary", cloudevents.WithEncodingBinary(ctx))
	send("structured", cloudevents.WithEncodingStructured(ctx))
	first, second := event.Clone(), event.Clone()
	first.SetID("go-batch-1")
	second.SetID("go-batch-2")
	request, err := cehttp.NewHTTPRequestFromEvents(ctx, target, []cloudevents.Event{first, second})
	must(err)
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	must(err)
	say("batch", answer.StatusCode)
}

func say(mode string, status int) { fmt.Println(mode, status) }

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
