/** The bundler takes style sheets for what they are. */
declare module '*.css';
