// Package kubernetes_test checks deploy/kubernetes and deploy/helm. It is a separate module, because
// Helm and the types of Kubernetes are large. "make test" runs it.
package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	root      = "../../../"
	manifests = root + "deploy/kubernetes"
	chartDir  = root + "deploy/helm"
)

// decoder rejects unknown fields and duplicate keys. It knows every kind that the manifests use.
var decoder = strictDecoder()

func strictDecoder() runtime.Decoder {
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, monitoring.AddToScheme} {
		if err := add(known); err != nil {
			panic(err)
		}
	}
	return serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
}

// objects are decoded objects by "Kind/name".
type objects map[string]runtime.Object

func (all objects) add(t *testing.T, source string, text []byte) {
	t.Helper()
	for documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text))); ; {
		document := make([]byte, 1<<20)
		n, err := documents.Read(document)
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		if len(bytes.TrimSpace(document[:n])) == 0 {
			continue
		}
		object, kind, err := decoder.Decode(document[:n], nil, nil)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", source, err, document[:n])
		}
		var named struct{ Metadata struct{ Name string } }
		if err := yaml.Unmarshal(document[:n], &named); err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		key := kind.Kind + "/" + named.Metadata.Name
		if all[key] != nil {
			t.Fatalf("%s: %s is a duplicate", source, key)
		}
		all[key] = object
	}
}

// get returns the object with a kind and name.
func get[T runtime.Object](t *testing.T, all objects, key string) T {
	t.Helper()
	object, ok := all[key].(T)
	if !ok {
		t.Fatalf("no %s in %q", key, slices.Sorted(maps.Keys(all)))
	}
	return object
}

// kustomized returns the objects that kubectl apply -k applies, including every resource that is
// commented out in kustomization.yaml.
func kustomized(t *testing.T) objects {
	t.Helper()
	disk, err := os.ReadDir(manifests)
	if err != nil {
		t.Fatal(err)
	}
	files := filesys.MakeFsInMemory()
	for _, entry := range disk {
		text, err := os.ReadFile(filepath.Join(manifests, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if entry.Name() == "kustomization.yaml" {
			text = bytes.ReplaceAll(text, []byte("\n  # - "), []byte("\n  - "))
		}
		if err := files.WriteFile("/manifests/"+entry.Name(), text); err != nil {
			t.Fatal(err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/manifests")
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	all := objects{}
	all.add(t, "deploy/kubernetes", text)
	return all
}

// filledIn returns values with which the chart can be installed.
func filledIn() map[string]any {
	return map[string]any{
		"secret":         map[string]any{"DB_PASSWORD": "a", "REDIS_URL": "redis://b:6379/0", "S3_ACCESS_KEY_ID": "c", "S3_SECRET_ACCESS_KEY": "d"},
		"serviceMonitor": map[string]any{"enabled": true},
		"backup":         map[string]any{"enabled": true},
	}
}

// render returns the templates of the chart as release "chillin", by file.
func render(values map[string]any) (map[string]string, error) {
	chart, err := loader.LoadDir(chartDir)
	if err != nil {
		return nil, err
	}
	release := common.ReleaseOptions{Name: "chillin", Namespace: "chillin", IsInstall: true, Revision: 1}
	all, err := util.ToRenderValues(chart, values, release, nil)
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.Render(chart, all)
}

func charted(t *testing.T, values map[string]any) objects {
	t.Helper()
	files, err := render(values)
	if err != nil {
		t.Fatal(err)
	}
	all := objects{}
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") {
			all.add(t, name, []byte(text))
		}
	}
	return all
}

func TestChartPassesTheLinter(t *testing.T) {
	result := lint.RunAll(chartDir, filledIn(), "chillin")
	for _, message := range result.Messages {
		if message.Severity > support.InfoSev {
			t.Errorf("helm lint: %v", message)
		}
	}
}

// TestChartMatchesTheManifests compares the objects field by field, except what only one of them has:
// the namespace, the labels and checksums of Helm, the secrets.
func TestChartMatchesTheManifests(t *testing.T) {
	plain, chart := kustomized(t), charted(t, filledIn())
	delete(plain, "Namespace/chillin")
	delete(plain, "Secret/chillin")
	delete(chart, "Secret/chillin")
	if got, want := slices.Sorted(maps.Keys(chart)), slices.Sorted(maps.Keys(plain)); !slices.Equal(got, want) {
		t.Errorf("objects of the chart = %q, want %q as in the manifests", got, want)
	}
	for key, object := range plain {
		if got, want := canonical(t, chart[key]), canonical(t, object); got != want {
			t.Errorf("%s of the chart:\n%s\nof the manifests:\n%s", key, got, want)
		}
	}
}

func canonical(t *testing.T, object runtime.Object) string {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	if text, err = json.MarshalIndent(withoutHelm(tree), "", " "); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// onlyIn are keys that only the chart or only the manifests have.
var onlyIn = []string{"namespace", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart", "checksum/settings", "checksum/secret", "helm.sh/resource-policy", "imagePullPolicy"}

func withoutHelm(tree any) any {
	switch node := tree.(type) {
	case map[string]any:
		for key, value := range node {
			node[key] = withoutHelm(value)
			if inner, ok := node[key].(map[string]any); slices.Contains(onlyIn, key) || ok && len(inner) == 0 {
				delete(node, key)
			}
		}
	case []any:
		for i := range node {
			node[i] = withoutHelm(node[i])
		}
	}
	return tree
}

func TestChartRefusesValues(t *testing.T) {
	for _, key := range []string{"DB_PASSWORD", "REDIS_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"} {
		values := filledIn()
		values["secret"].(map[string]any)[key] = ""
		if _, err := render(values); err == nil || !strings.Contains(err.Error(), "secret."+key) {
			t.Errorf("an empty secret.%s: %v, want an error with its name", key, err)
		}
	}
	for name, value := range map[string]any{
		"image":    map[string]any{"tag": "latest"},
		"settings": map[string]any{"PORT": 5000},
		"ingres":   map[string]any{"host": "chat.example.org"},
	} {
		values := filledIn()
		values[name] = value
		if _, err := render(values); err == nil || !strings.Contains(err.Error(), "/"+name) && !strings.Contains(err.Error(), "'"+name+"'") {
			t.Errorf("%s = %v: %v, want an error with its name", name, value, err)
		}
	}
}

func TestChartUsesAnExistingSecret(t *testing.T) {
	all := charted(t, map[string]any{"existingSecret": "mine"})
	if all["Secret/chillin"] != nil {
		t.Error("the chart creates a Secret in addition to the existing one")
	}
	for _, variable := range node(t, all).Env {
		if from := variable.ValueFrom; from != nil && from.SecretKeyRef.Name != "mine" {
			t.Errorf("%s is read from %s, want mine", variable.Name, from.SecretKeyRef.Name)
		}
	}
}

// node returns the container of a node.
func node(t *testing.T, all objects) core.Container {
	t.Helper()
	return get[*apps.Deployment](t, all, "Deployment/chillin").Spec.Template.Spec.Containers[0]
}

// inBoth runs test for the manifests and for the chart.
func inBoth(t *testing.T, test func(t *testing.T, all objects)) {
	t.Run("manifests", func(t *testing.T) { test(t, kustomized(t)) })
	t.Run("chart", func(t *testing.T) { test(t, charted(t, filledIn())) })
}

// TestNodesDoNotStartWithoutSecrets checks that every secret key is required, so that the kubelet does not
// start a container without it, and that the manifests contain no secrets.
func TestNodesDoNotStartWithoutSecrets(t *testing.T) {
	secret := get[*core.Secret](t, kustomized(t), "Secret/chillin")
	if len(secret.Data)+len(secret.StringData) > 0 {
		t.Error("secret.yaml has values: empty values would be accepted, and others would be public")
	}
	inBoth(t, func(t *testing.T, all objects) {
		var required []string
		for _, variable := range node(t, all).Env {
			if from := variable.ValueFrom; from != nil && from.SecretKeyRef.Optional == nil {
				required = append(required, variable.Name)
			}
		}
		slices.Sort(required)
		if want := []string{"DB_PASSWORD", "REDIS_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}; !slices.Equal(required, want) {
			t.Errorf("required secrets = %q, want %q", required, want)
		}
	})
}

func TestGOMEMLIMITFollowsTheContainer(t *testing.T) {
	inBoth(t, func(t *testing.T, all objects) {
		container := node(t, all)
		limit := container.Resources.Limits.Memory().Value()
		for _, variable := range container.Env {
			if variable.Name != "GOMEMLIMIT" {
				continue
			}
			var mebibytes int64
			if _, err := fmt.Sscanf(variable.Value, "%dMiB", &mebibytes); err != nil {
				t.Fatalf("GOMEMLIMIT = %q: %v", variable.Value, err)
			}
			if share := float64(mebibytes<<20) / float64(limit); share < 0.85 || share > 0.95 {
				t.Errorf("GOMEMLIMIT is %.2f of the limit, want 0.9", share)
			}
			return
		}
		t.Error("GOMEMLIMIT is not set")
	})
}

func TestOnlyTheAutoscalerSetsReplicas(t *testing.T) {
	inBoth(t, func(t *testing.T, all objects) {
		deployment := get[*apps.Deployment](t, all, "Deployment/chillin")
		if deployment.Spec.Replicas != nil {
			t.Errorf("replicas = %d: applying the manifests again would override the autoscaler", *deployment.Spec.Replicas)
		}
		scaler := get[*autoscaling.HorizontalPodAutoscaler](t, all, "HorizontalPodAutoscaler/chillin")
		if target := scaler.Spec.ScaleTargetRef; target.Kind != "Deployment" || target.Name != deployment.Name || *scaler.Spec.MinReplicas < 2 {
			t.Errorf("autoscaler = %+v, want the Deployment with at least two nodes", scaler.Spec)
		}
	})
	values := filledIn()
	values["autoscaling"] = map[string]any{"enabled": false}
	all := charted(t, values)
	if replicas := get[*apps.Deployment](t, all, "Deployment/chillin").Spec.Replicas; replicas == nil || *replicas != 2 || all["HorizontalPodAutoscaler/chillin"] != nil {
		t.Error("without autoscaling the chart has no replicas, or has an autoscaler")
	}
}

// TestSelectorsFindTheirObjects detects selectors that select nothing, which no other tool reports.
func TestSelectorsFindTheirObjects(t *testing.T) {
	inBoth(t, func(t *testing.T, all objects) {
		pod := get[*apps.Deployment](t, all, "Deployment/chillin").Spec.Template
		ports := map[string]int32{}
		for _, port := range pod.Spec.Containers[0].Ports {
			ports[port.Name] = port.ContainerPort
		}
		for _, name := range []string{"chillin", "chillin-watch"} {
			service := get[*core.Service](t, all, "Service/"+name)
			if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) || ports[service.Spec.Ports[0].TargetPort.StrVal] == 0 {
				t.Errorf("Service %s selects %v and port %v, which no pod has", name, service.Spec.Selector, service.Spec.Ports[0].TargetPort)
			}
		}
		watch := get[*core.Service](t, all, "Service/chillin-watch")
		monitor := get[*monitoring.ServiceMonitor](t, all, "ServiceMonitor/chillin")
		if !labels.SelectorFromSet(monitor.Spec.Selector.MatchLabels).Matches(labels.Set(watch.Labels)) || monitor.Spec.Endpoints[0].Port != watch.Spec.Ports[0].Name {
			t.Errorf("the ServiceMonitor selects %v, port %s; the Service has %v, port %s", monitor.Spec.Selector.MatchLabels, monitor.Spec.Endpoints[0].Port, watch.Labels, watch.Spec.Ports[0].Name)
		}
		if job := watch.Labels[monitor.Spec.JobLabel]; job != "chillin" {
			t.Errorf("job = %q, want chillin, which the alerts expect", job)
		}
	})
}

func TestImagesHaveAVersion(t *testing.T) {
	chart, err := loader.LoadDir(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	version := chart.Metadata.Version
	if chart.Metadata.AppVersion != version {
		t.Errorf("appVersion = %s, version = %s, want the same", chart.Metadata.AppVersion, version)
	}
	inBoth(t, func(t *testing.T, all objects) {
		if image := node(t, all).Image; !strings.HasSuffix(image, ":"+version) {
			t.Errorf("image = %s, want version %s", image, version)
		}
	})
}
