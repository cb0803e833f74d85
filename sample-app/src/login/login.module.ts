import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { LoginController } from './login.controller.js';
import { Password } from './password.js';
import { IS_PUBLIC } from './reader.guard.js';
import { SessionStore } from './session.store.js';
import { SignInFilter } from './sign-in.filter.js';

export interface LoginOptions {
  /** the owner's */
  password: string;
  /** true if visitors may read without signing in */
  isPublic: boolean;
}

/** A login with one password. Import it in modules whose routes use OwnerGuard or ReaderGuard. */
@Module({})
export class LoginModule {
  static forRoot({ password, isPublic }: LoginOptions): DynamicModule {
    return {
      module: LoginModule,
      controllers: [LoginController],
      providers: [
        { provide: IS_PUBLIC, useValue: isPublic },
        { provide: Password, useFactory: () => Password.of(password) },
        { provide: APP_FILTER, useClass: SignInFilter },
        SessionStore,
      ],
      exports: [IS_PUBLIC, SessionStore],
    };
  }
}
