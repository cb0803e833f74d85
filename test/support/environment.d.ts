import { TestEnvironment } from 'jest-environment-node';

export default class SpecEnvironment extends TestEnvironment {}
