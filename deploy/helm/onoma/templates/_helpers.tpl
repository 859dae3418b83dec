{{- define "onoma.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "onoma.fullname" -}}
{{- $name := include "onoma.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "onoma.selector" -}}
app.kubernetes.io/name: {{ include "onoma.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "onoma.labels" -}}
{{ include "onoma.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "onoma.account" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "onoma.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "onoma.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end }}

{{- /* A map given is merged into one that is a default, so the default tagger stands here. */ -}}
{{- define "onoma.serving" -}}
{{- $serving := deepCopy .Values.serving -}}
{{- if not $serving.taggers -}}
{{- $_ := set $serving "taggers" (dict "en-gmb" (dict "model" "en-gmb" "threads" 1)) -}}
{{- end -}}
{{ toYaml $serving }}
{{- end }}

{{- define "onoma.check" -}}
{{- $guard := .Values.serving.guard | default dict -}}
{{- if not (or .Values.keys.secret $guard.tokens) -}}
{{- fail "a service that others reach needs keys: set keys.secret to a Secret that holds keys.json (onoma keys add website --file keys.json; kubectl create secret generic onoma-keys --from-file keys.json), or serving.guard.tokens" -}}
{{- end -}}
{{- if and .Values.cache.redis (not .Values.cache.secret) -}}
{{- fail "cache.redis needs cache.secret, so that nobody can look texts up: a Secret with the key \"secret\"" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor (not .Values.metrics.secret) (not (has "/metrics" ($guard.open | default list))) -}}
{{- fail "metrics.serviceMonitor needs metrics.secret, a Secret with the key \"key\": a key of the role operator; or /metrics in serving.guard.open" -}}
{{- end -}}
{{- if and .Values.autoscaling.p95.enabled (not .Values.autoscaling.p95.prometheus) -}}
{{- fail "autoscaling.p95 needs autoscaling.p95.prometheus, the address of a Prometheus" -}}
{{- end -}}
{{- end }}

{{- define "onoma.behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 30
  policies:
    - {type: Percent, value: 100, periodSeconds: 30}
    - {type: Pods, value: 2, periodSeconds: 30}
scaleDown:
  stabilizationWindowSeconds: 300
  policies:
    - {type: Percent, value: 50, periodSeconds: 60}
{{- end }}
