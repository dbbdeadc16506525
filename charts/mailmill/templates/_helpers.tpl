{{/* Labels of every object of the chart. */}}
{{- define "mailmill.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: mailmill
{{ include "mailmill.selector" . }}
{{- end }}

{{- define "mailmill.selector" -}}
app.kubernetes.io/name: mailmill
app.kubernetes.io/component: operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mailmill.image" -}}
{{- $repository := required "set image.repository to where the image was pushed" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "mailmill.statusKeySecret" -}}
{{ .Values.statusKey.existingSecret | default "mailmill-status-key" }}
{{- end }}

{{/* Who the operator is, for bindings. */}}
{{- define "mailmill.subject" -}}
- kind: ServiceAccount
  name: mailmill-operator
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* What the operator may do in the namespaces that it works in; src/operator/permissions.ts says what each is for. */}}
{{- define "mailmill.rules" -}}
- apiGroups: [mailmill.io]
  resources: [emailpipelineruns, emailpipelines, mailboxsources]
  verbs: [get, list, watch]
- apiGroups: [mailmill.io]
  resources: [emailpipelineruns/status, emailpipelines/status, mailboxsources/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{- define "mailmill.secretRules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}
