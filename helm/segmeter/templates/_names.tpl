{{- define "segmeter.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- /* The chart's name stays whole: the alerts find the service by it. */ -}}
{{- printf "%s-%s" (.Release.Name | trunc 43 | trimSuffix "-") .Chart.Name -}}
{{- end -}}
{{- end -}}

{{- define "segmeter.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "segmeter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "segmeter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "segmeter.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "segmeter.keySecret" -}}
{{- .Values.security.existingSecret | default (printf "%s-key" (include "segmeter.name" .)) -}}
{{- end -}}

{{- define "segmeter.claim" -}}
{{- .Values.persistence.existingClaim | default (include "segmeter.name" .) -}}
{{- end -}}

{{- /* What the "restricted" Pod Security Standard asks of a container, and a read-only root besides. */ -}}
{{- define "segmeter.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "segmeter.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* Whether the pod has files with secrets in it. */ -}}
{{- define "segmeter.hasSecrets" -}}
{{- if or (not .Values.security.allowUnauthenticated) (eq .Values.database.mode "external") (and (eq .Values.store.mode "s3") .Values.store.s3.existingSecret) .Values.secrets -}}
yes
{{- end -}}
{{- end -}}
