/** What a provider is known for; fields of a source win over it. */
interface Preset {
  readonly connectionsPerAccount: number;
  /** For app-only access by OAuth2. */
  readonly scope?: string;
}

export const presetNames = ['generic', 'gmail', 'exchange-online'] as const;
export type PresetName = (typeof presetNames)[number];

export const presets: Readonly<Record<PresetName, Preset>> = {
  generic: { connectionsPerAccount: 4 },
  gmail: { connectionsPerAccount: 15 },
  'exchange-online': { connectionsPerAccount: 8, scope: 'https://outlook.office365.com/.default' },
};
