/** `compression.type`, in Kafka's words. `snappy` travels in xerial framing, `lz4` in LZ4 frames. */
export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** The codecs by the id that the attributes of a batch carry. */
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const satisfies readonly Codec[];

/** Number of a codec in the attributes of a batch. */
export const codecId = (codec: Codec): number => codecs.indexOf(codec);
/** undefined for an id that nobody has defined. */
export const codecOfId = (id: number): Codec | undefined => codecs[id];
