/** What a provider is known for; fields of a source win over it. */
interface Preset {
  readonly connectionsPerAccount: number;
  readonly bytesPerDay?: string;
  /** For app-only access by OAuth2. */
  readonly scope?: string;
}

export const presetNames = ['generic', 'gmail', 'exchange-online'] as const;
export type PresetName = (typeof presetNames)[number];

export const presets: Readonly<Record<PresetName, Preset>> = {
  generic: { connectionsPerAccount: 4 },
  // What Gmail lets an account have; beyond, it locks it out for a day.
  gmail: { connectionsPerAccount: 15, bytesPerDay: '2500Mi' },
  'exchange-online': { connectionsPerAccount: 8, scope: 'https://outlook.office365.com/.default' },
};
