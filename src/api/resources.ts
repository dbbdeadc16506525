import {
  type EmailPipelineSpec,
  type EmailPipelineStatus,
  emailPipelineSpec,
  emailPipelineStatus,
} from './email-pipeline.ts';
import {
  type EmailPipelineRunSpec,
  type EmailPipelineRunStatus,
  emailPipelineRunSpec,
  emailPipelineRunStatus,
} from './email-pipeline-run.ts';
import {
  type MailboxSourceSpec,
  type MailboxSourceStatus,
  mailboxSourceSpec,
  mailboxSourceStatus,
} from './mailbox-source.ts';
import type { Rule } from './schema.ts';
import type { TObject } from './type.ts';

export const group = 'mailmill.io';
export const version = 'v1alpha1';
export const apiVersion = 'mailmill.io/v1alpha1';

/** What of `metadata` is of use to anybody here. `namespace` is absent in files that leave it to `kubectl -n`. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One custom resource, as the API server or a file has it. */
export interface Resource<K extends string, S, T> {
  readonly apiVersion: typeof apiVersion;
  readonly kind: K;
  readonly metadata: Metadata;
  readonly spec: S;
  readonly status?: T;
}

export type MailboxSource = Resource<'MailboxSource', MailboxSourceSpec, MailboxSourceStatus>;
export type EmailPipeline = Resource<'EmailPipeline', EmailPipelineSpec, EmailPipelineStatus>;
export type EmailPipelineRun = Resource<'EmailPipelineRun', EmailPipelineRunSpec, EmailPipelineRunStatus>;
export type MailmillResource = MailboxSource | EmailPipeline | EmailPipelineRun;
export type Kind = MailmillResource['kind'];

/** A column of `kubectl get`; `priority` 1 shows with `-o wide`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

/** Everything that the API server, the validator and the reference know about a kind. */
export interface ResourceDefinition {
  readonly kind: Kind;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: TObject;
  readonly status: TObject;
  readonly columns: readonly PrinterColumn[];
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath: string;
  };
}

/** Children are named `<name>` and `<name>-<hash>`, and a CronJob's name ends at 52 characters. */
export const maxNameLength = 40;

/** Rules about the object as a whole; `self.metadata` holds nothing but the name here. */
export const rootRules: readonly Rule[] = [
  {
    rule: `self.metadata.name.size() <= ${maxNameLength}`,
    message: `names are at most ${maxNameLength} characters: children are named after the resource`,
    fieldPath: '.metadata.name',
  },
];

const readyColumns: readonly PrinterColumn[] = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: 'Whether this generation works.',
  },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Why, in one word.',
  },
];
const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since when it exists.',
};

/** The three resources, in the order in which a reader meets them. */
export const resources: Readonly<Record<Kind, ResourceDefinition>> = {
  MailboxSource: {
    kind: 'MailboxSource',
    plural: 'mailboxsources',
    singular: 'mailboxsource',
    shortNames: ['mbs'],
    description: 'A place where mail comes from, and how to read it.',
    spec: mailboxSourceSpec,
    status: mailboxSourceStatus,
    columns: [
      { name: 'Host', type: 'string', jsonPath: '.spec.imap.host', description: 'IMAP server.' },
      {
        name: 'Claim',
        type: 'string',
        jsonPath: '.spec.maildir.persistentVolumeClaim.claimName',
        description: 'Volume of a Maildir.',
        priority: 1,
      },
      ...readyColumns,
      age,
    ],
  },
  EmailPipeline: {
    kind: 'EmailPipeline',
    plural: 'emailpipelines',
    singular: 'emailpipeline',
    shortNames: ['epl'],
    description: 'What is done with the mail of a source: steps that transform it and sinks that receive it.',
    spec: emailPipelineSpec,
    status: emailPipelineStatus,
    columns: [
      { name: 'Source', type: 'string', jsonPath: '.spec.source.name', description: 'MailboxSource that it reads.' },
      { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule', description: 'Empty: it streams.' },
      { name: 'Suspend', type: 'boolean', jsonPath: '.spec.suspend', description: 'Stopped by spec.', priority: 1 },
      ...readyColumns,
      {
        name: 'Stalled',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Stalled")].status',
        description: 'Whether a person must act.',
        priority: 1,
      },
      {
        name: 'Revision',
        type: 'string',
        jsonPath: '.status.revision',
        description: 'Compiled form of this generation.',
        priority: 1,
      },
      {
        name: 'Last Run',
        type: 'string',
        jsonPath: '.status.lastRun.state',
        description: 'How the newest scheduled run ended.',
        priority: 1,
      },
      age,
    ],
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  EmailPipelineRun: {
    kind: 'EmailPipelineRun',
    plural: 'emailpipelineruns',
    singular: 'emailpipelinerun',
    shortNames: ['eplr'],
    description: 'One execution of a pipeline on demand; immutable, executed once.',
    spec: emailPipelineRunSpec,
    status: emailPipelineRunStatus,
    columns: [
      { name: 'Pipeline', type: 'string', jsonPath: '.spec.pipeline.name', description: 'What is run.' },
      { name: 'State', type: 'string', jsonPath: '.status.state', description: 'How it stands.' },
      { name: 'Read', type: 'integer', jsonPath: '.status.read', description: 'Messages read.' },
      { name: 'Delivered', type: 'integer', jsonPath: '.status.delivered', description: 'Messages delivered.' },
      { name: 'Dead', type: 'integer', jsonPath: '.status.dead', description: 'Dead letters.' },
      { name: 'Finished', type: 'date', jsonPath: '.status.finishedAt', description: 'End.', priority: 1 },
      age,
    ],
  },
};

/** Whether a kind is one of ours. */
export const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(resources, kind);
